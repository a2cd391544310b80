"""DESIGN 3a, Settled: when a task is settled, and what a read of it gives then."""

from __future__ import annotations

import asyncio

import pytest

from smithers import (
    Branch,
    Context,
    ForEach,
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


def fails() -> str:
    raise ValueError("no")


def test_a_read_waits_until_the_task_is_finished() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        late = Step("late", lambda: "text")
        early = Task("early", agent=Scripted(), prompt=lambda: f"got {ctx[late]}")
        return Parallel(early, late)

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.starts == ["late#1", "early#1"]


@pytest.mark.parametrize("how", ["failed", "skipped", "cancelled", "not chosen"])
def test_a_read_of_what_gave_nothing_fails_the_reader_and_get_gives_none(how: str) -> None:
    seen: list[object] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        agent = Scripted()
        draft: Task[str] = Task("draft", agent=agent, prompt="p", skip_if=lambda: how == "skipped")
        bad = Step("bad", fails, on_failure="continue")
        source: Node[str] = bad if how == "failed" else draft
        branch = Branch(lambda: False, draft) if how == "not chosen" else None
        dead = Parallel(Sequence(Step("boom", fails), draft)) if how == "cancelled" else None
        get = Step("get", lambda: seen.append(ctx.get(source)), on_failure="continue")
        plan = Task("plan", agent=agent, prompt=lambda: f"of {ctx[source]}", on_failure="continue")
        first = {"failed": bad, "skipped": draft, "cancelled": dead, "not chosen": branch}[how]
        return Parallel(get, plan, first)

    run = Run(flow)
    run.go()
    if how == "cancelled":  # the failure of its group reaches the readers' group as well
        assert run.outcome("draft") == "cancelled"
        return
    assert seen == [None]
    error = run.state.ended[Key("plan")].error
    word = {"failed": "failed", "skipped": "was skipped", "not chosen": "was skipped"}[how]
    name = "bad" if how == "failed" else "draft"
    assert error is not None
    assert error.message == f"plan reads {name}, which {word}"
    assert error.hint == "use ctx.get, which returns None in that case"
    assert run.outcome("plan") == "failed"


def test_a_cancelled_task_reads_as_cancelled() -> None:
    seen: list[object] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        after = Step("after", lambda: "never")
        items = ForEach(
            ["one"],
            key=str,
            each=lambda item: Sequence(Step("boom", fails), after),
            on_failure="continue",
        )
        get = Step("get", lambda: seen.append(ctx.get("after", str)))
        plan = Step("plan", lambda: ctx[after], on_failure="continue")
        return Sequence(items, Parallel(get, plan))

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.outcome("after") == "cancelled"
    assert seen == [None]
    error = run.state.ended[Key("plan")].error
    assert error is not None
    assert error.message == "plan reads after, which was cancelled"


def test_get_in_a_callable_waits_likewise() -> None:
    prompts = Scripted()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        late = Step("late", lambda: "text")
        early = Task("early", agent=prompts, prompt=lambda: f"got {ctx.get(late)}")
        return Parallel(early, late)

    assert Run(flow).go().status == "finished"
    assert [ask.prompt for ask in prompts.asks] == ["got text"]


def test_only_in_a_render_does_get_answer_at_once() -> None:
    shapes: list[str | None] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: "done")
        known = ctx.get(first)
        shapes.append(known)
        return Sequence(first, Step("second", lambda: None) if known else None)

    run = Run(flow)
    assert run.go().status == "finished"
    assert shapes[0] is None
    assert shapes[-1] == "done"
    assert run.starts == ["first#1", "second#1"]


def test_a_handle_that_stands_in_no_tree_is_an_author_error_before_anything_runs() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        lost = Step("lost", lambda: "text")
        return Sequence(Task("reader", agent=Scripted(), prompt=lambda: ctx[lost]))

    with pytest.raises(
        AuthorError, match=r"reader reads 'lost'.*is not part of the workflow tree"
    ) as caught:
        Run(flow).go()
    assert "add it to the tree" in caught.value.hint
    assert __file__ in str(caught.value)


def test_a_handle_that_a_scope_may_still_add_is_waited_for() -> None:
    agent = Scripted()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: "done")
        second = Step("second", lambda: "added")
        reader = Task("reader", agent=agent, prompt=lambda: ctx[second])
        return Parallel(reader, first, second if ctx.get(first) else None)

    run = Run(flow)
    assert run.go().status == "finished"
    assert [ask.prompt for ask in agent.asks] == ["added"]


def test_a_handle_that_no_scope_added_in_the_end_fails_its_reader() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: "done")
        second = Step("second", lambda: "never")
        reader = Step("reader", lambda: ctx[second])
        ctx.get(first)
        return Parallel(reader, first)

    run = Run(flow)
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error.kind == "AuthorError"
    assert "'second'" in ended.error.message


def test_a_task_within_a_fan_out_that_is_not_asked_yet_is_waited_for_by_id() -> None:
    agent = Scripted()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        names = Step("names", lambda: ["a", "b"])
        items = ForEach(
            lambda: ctx[names], key=str, each=lambda name: Step(f"item {name}", lambda: name)
        )
        reader = Task("reader", agent=agent, prompt=lambda: f"{ctx.get('item b', str)}")
        return Parallel(reader, items, names)

    run = Run(flow)
    assert run.go().status == "finished"
    assert [ask.prompt for ask in agent.asks] == ["b"]


def test_an_id_that_a_fan_out_did_not_bring_fails_its_reader_at_once() -> None:
    from smithers import Approval

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        names = Step("names", lambda: ["a"])
        items = ForEach(
            lambda: ctx[names], key=str, each=lambda name: Step(f"item {name}", lambda: name)
        )
        reader = Step("reader", lambda: ctx.get("item b", str), on_failure="continue")
        return Parallel(reader, items, names, Approval("ok", ask="ok?"))

    run = Run(flow)
    assert run.go().status == "waiting"
    assert run.outcome("reader") == "failed"


def test_what_a_container_that_failed_never_came_to_reads_as_nothing() -> None:
    def raises() -> bool:
        raise ValueError("no")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def each(name: str) -> Node:
            arm, later = Step(f"{name} arm", fails), Step(f"{name} later", fails)
            inner = Branch(raises, Parallel(arm))
            return Sequence(inner, Loop(later, until=lambda: True, max_iterations=1))

        every = ForEach(["a"], key=str, each=each, on_failure="continue")
        ids = ("a arm", "a later")
        return Parallel(*(Step(f"get {id}", lambda: ctx.get(id, str)) for id in ids), every)  # noqa: B023

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("get a arm") == run.output("get a later") == "null"


def test_an_id_that_a_fan_out_turns_out_not_to_bring_fails_a_reader_that_it_overtakes() -> None:
    """The step's thread asks before the items are mounted, and says so after that."""
    from smithers import Approval

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        names = Step("names", lambda: ["a"])
        items = ForEach(
            lambda: ctx[names], key=str, each=lambda name: Step(f"item {name}", lambda: name)
        )

        async def read() -> str | None:
            try:
                return ctx.get("item b", str)
            finally:
                while "item a#1" not in run.starts:  # noqa: ASYNC110  # the loop has no event for it
                    await asyncio.sleep(0)

        reader = Step("reader", read, on_failure="continue")
        return Parallel(reader, items, names, Approval("ok", ask="ok?"))

    run = Run(flow)
    assert run.go().status == "waiting"
    assert run.outcome("reader") == "failed"
