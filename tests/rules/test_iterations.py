"""DESIGN 3a, Iterations: paths, reads across loops, and `previous`."""

from __future__ import annotations

from itertools import count

import pytest

from smithers import (
    Approval,
    Branch,
    Context,
    Loop,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.changes import Key
from smithers.errors import AuthorError
from tests.rules.agents import Scripted
from tests.rules.runs import Run


def test_a_path_is_the_list_of_the_enclosing_iterations_from_zero() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        inner = Step("inner", lambda: 1)
        body = Loop(inner, until=lambda: False, max_iterations=2, on_exhausted="finish", id="in")
        return Loop(body, until=lambda: False, max_iterations=2, on_exhausted="finish", id="out")

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.starts == ["inner[0][0]#1", "inner[0][1]#1", "inner[1][0]#1", "inner[1][1]#1"]


def test_a_task_outside_loops_has_an_empty_path() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Step("only", lambda: 1)

    run = Run(flow)
    run.go()
    assert list(run.state.ended) == [Key("only", ())]


def test_a_read_shares_with_its_reader_their_common_loops() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        count: list[int] = []

        def counted() -> int:
            count.append(1)
            return len(count)

        number = Step("number", counted)
        shown = Step("shown", lambda: f"of {ctx[number]}")
        return Loop(number, shown, until=lambda: ctx[number] >= 3, max_iterations=9)

    run = Run(flow)
    assert run.go().status == "finished"
    assert [run.output("shown", n) for n in range(3)] == ['"of 1"', '"of 2"', '"of 3"']
    assert run.outcome("shown", 3) is None


def test_a_reader_outside_gets_the_last_iteration_once_the_loop_is_settled() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        count: list[int] = []

        def counted() -> int:
            count.append(1)
            return len(count)

        number = Step("number", counted)
        last = Step("last", lambda: ctx[number])
        loop = Loop(number, until=lambda: ctx[number] == 3, max_iterations=9)
        return Parallel(last, loop)

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("last") == "3"


def test_a_reader_of_the_outer_loop_gets_the_last_inner_iteration_of_its_own() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        count: list[int] = []

        def counted() -> int:
            count.append(1)
            return len(count)

        number = Step("number", counted)
        inner = Loop(number, until=lambda: ctx[number] % 2 == 0, max_iterations=9, id="in")
        shown = Step("shown", lambda: ctx[number])
        return Loop(inner, shown, until=lambda: ctx[shown] == 4, max_iterations=9, id="out")

    run = Run(flow)
    assert run.go().status == "finished"
    assert [run.output("shown", n) for n in range(2)] == ["2", "4"]
    assert run.output("number", 1, 1) == "4"


def test_a_reader_in_an_inner_loop_reads_the_outer_iteration_that_it_stands_in() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        count: list[int] = []

        def counted() -> int:
            count.append(1)
            return len(count)

        number = Step("number", counted)
        shown = Step("shown", lambda: ctx[number])
        inner = Loop(shown, until=lambda: False, max_iterations=2, on_exhausted="finish", id="in")
        return Loop(number, inner, until=lambda: ctx[number] == 2, max_iterations=9, id="out")

    run = Run(flow)
    assert run.go().status == "finished"
    paths = [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [run.output("shown", *path) for path in paths] == ["1", "1", "2", "2"]


def test_previous_is_none_on_the_first_iteration_and_then_the_one_before() -> None:
    agent = Scripted("first", "second", "third")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        draft: Task[str] = Task("draft", agent=agent, prompt=lambda: f"after {ctx.previous(draft)}")
        return Loop(draft, until=lambda: ctx[draft] == "third", max_iterations=5)

    assert Run(flow).go().status == "finished"
    assert [ask.prompt for ask in agent.asks] == ["after None", "after first", "after second"]


def test_previous_steps_back_the_innermost_common_loop() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        count: list[int] = []

        def counted() -> int:
            count.append(1)
            return len(count)

        def seen() -> list[int | None]:
            return [ctx.previous(outer), ctx.previous(inner)]

        outer = Step("outer", counted)
        inner: Step[int] = Step("inner", counted)
        shown = Step("shown", seen)
        loop = Loop(
            inner, shown, until=lambda: False, max_iterations=2, on_exhausted="finish", id="in"
        )
        return Loop(
            outer, loop, until=lambda: False, max_iterations=2, on_exhausted="finish", id="out"
        )

    run = Run(flow)
    assert run.go().status == "finished"
    # outer: 1, inner: 2 3; outer: 4, inner: 5 6
    paths = [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [run.output("shown", *path) for path in paths] == [
        "[null,null]",
        "[null,2]",
        "[1,null]",
        "[1,5]",
    ]


def test_previous_of_an_outer_iteration_gives_the_last_inner_one_of_it() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        count: list[int] = []

        def counted() -> int:
            count.append(1)
            return len(count)

        inner = Step("inner", counted)
        loop = Loop(inner, until=lambda: False, max_iterations=2, on_exhausted="finish", id="in")
        shown = Step("shown", lambda: ctx.previous(inner))
        return Loop(
            loop, shown, until=lambda: False, max_iterations=2, on_exhausted="finish", id="out"
        )

    run = Run(flow)
    assert run.go().status == "finished"
    assert [run.output("shown", n) for n in range(2)] == ["null", "2"]


def test_previous_without_a_common_loop_is_an_author_error() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: "text")
        second = Task("second", agent=Scripted(), prompt=lambda: f"{ctx.previous(first)}")
        return Parallel(first, second)

    with pytest.raises(AuthorError, match="needs a loop that contains both"):
        Run(flow).go()


def test_previous_is_none_where_the_task_gave_nothing() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        count: list[int] = []

        def counted() -> int:
            count.append(1)
            return len(count)

        number = Step("number", counted)
        odd = Step("odd", lambda: "odd")
        branch = Branch(lambda: ctx[number] % 2 == 1, odd)
        seen = Step("seen", lambda: ctx.previous(odd))
        return Loop(
            number, branch, seen, until=lambda: False, max_iterations=3, on_exhausted="finish"
        )

    run = Run(flow)
    assert run.go().status == "finished"
    assert [run.output("seen", n) for n in range(3)] == ["null", '"odd"', "null"]


def test_an_iteration_in_which_the_task_gave_nothing_reads_as_skipped() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        odd = Step("odd", lambda: "odd")
        branch = Branch(lambda: False, odd)
        seen = Step("seen", lambda: ctx[odd], on_failure="continue")
        return Loop(branch, seen, until=lambda: True, max_iterations=3)

    run = Run(flow)
    assert run.go().status == "finished"
    error = run.state.ended[Key("seen", (0,))].error
    assert error is not None
    assert error.message == "seen reads odd, which was skipped"


def test_until_stands_inside_the_iteration_just_done() -> None:
    seen: list[tuple[int, int | None]] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        count: list[int] = []

        def counted() -> int:
            count.append(1)
            return len(count)

        number = Step("number", counted)

        def until() -> bool:
            seen.append((ctx[number], ctx.previous(number)))
            return ctx[number] == 3

        return Loop(number, until=until, max_iterations=9)

    assert Run(flow).go().status == "finished"
    assert seen == [(1, None), (2, 1), (3, 2)]


def test_the_iteration_travels_into_the_threads_of_steps() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        counter = count(1)
        number = Step("number", lambda: next(counter))

        def threaded() -> int:
            import asyncio

            async def inner() -> int:
                return ctx[number]

            return asyncio.run(inner())

        return Loop(
            number,
            Step("threaded", threaded),
            until=lambda: False,
            max_iterations=2,
            on_exhausted="finish",
        )

    run = Run(flow)
    assert run.go().status == "finished"
    assert [run.output("threaded", n) for n in range(2)] == ["1", "2"]


def test_a_read_outside_a_callable_an_attempt_or_a_render_raises() -> None:
    kept: list[tuple[Context[NoInput], Step[int]]] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        step = Step("step", lambda: 1)
        kept.append((ctx, step))
        return step

    assert Run(flow).go().status == "finished"
    ctx, step = kept[0]
    with pytest.raises(AuthorError, match="ctx was read outside the workflow function"):
        ctx[step]
    with pytest.raises(AuthorError, match="ctx was read outside the workflow function"):
        ctx.get("step", int)


def test_an_approval_in_a_loop_is_asked_in_each_iteration() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        ok: Approval = Approval("ok", ask=lambda: f"{ctx.previous(ok)}", on_deny="continue")
        return Loop(ok, until=lambda: ctx[ok].approved, max_iterations=5)

    run = Run(flow)
    assert run.go().status == "waiting"
    run.answer("ok", approved=False, path=(0,))
    assert run.go().status == "waiting"
    run.answer("ok", path=(1,))
    assert run.go().status == "finished"
    assert run.starts == []


def test_a_loop_of_a_hundred_iterations_in_a_loop_ends() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        async def one() -> int:
            return 1

        inner = Loop(
            Step("one", one), until=lambda: False, max_iterations=100, on_exhausted="finish"
        )
        return Sequence(inner, Step("after", lambda: 2))

    run = Run(flow)
    assert run.go().status == "finished"
    assert len(run.starts) == 101
