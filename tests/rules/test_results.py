"""What a container gives: the output of a node inside it, or what a callable returns, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

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
    Workflow,
    workflow,
)
from smithers.changes import ChoiceMade, Key, ReadMade
from smithers.errors import AuthorError
from tests.rules.resuming import check_every_crash, crashed
from tests.rules.runs import Run


class Total(BaseModel):
    sum: int


def boom() -> int:
    raise ValueError("boom")


def two(ctx: Context[NoInput]) -> tuple[Step[int], Step[int], Callable[[], Total]]:
    a, b = Step("a", lambda: 1), Step("b", lambda: 2)

    def total() -> Total:
        return Total(sum=(ctx.get(a) or 0) + (ctx.get(b) or 0))

    return a, b, total


def in_sequence(ctx: Context[NoInput]) -> Node[Total]:
    a, b, total = two(ctx)
    return Sequence(a, b, result=total)


def in_parallel(ctx: Context[NoInput]) -> Node[Total]:
    a, b, total = two(ctx)
    return Parallel(a, b, result=total, id="both")


def in_branch(ctx: Context[NoInput]) -> Node[Total]:
    a, b, total = two(ctx)
    return Branch(lambda: True, Sequence(a, b), result=total)


def in_loop(ctx: Context[NoInput]) -> Node[Total]:
    a, b, total = two(ctx)
    return Loop(a, b, until=lambda: False, max_iterations=2, on_exhausted="finish", result=total)


CONTAINERS: dict[str, Callable[[Context[NoInput]], Node[Total]]] = {
    "sequence": in_sequence,
    "parallel": in_parallel,
    "branch": in_branch,
    "loop": in_loop,
}
kinds = pytest.mark.parametrize("kind", CONTAINERS)


def reader(make: Callable[[Context[NoInput]], Node[Total]]) -> Workflow[NoInput, Any]:
    """A step reads the container, which stands after it."""

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        made = make(ctx)
        read = Step("read", lambda: [ctx[made].sum, ctx[made] is ctx[made]])
        return Parallel(read, made)

    return flow


def results(run: Run) -> list[ChoiceMade]:
    changes = (change for frame in run.watch.frames for change in frame.changes)
    return [one for one in changes if isinstance(one, ChoiceMade) and one.kind == "result"]


@kinds
def test_a_callable_gives_the_output_of_its_container_as_a_fresh_object(kind: str) -> None:
    run = Run(reader(CONTAINERS[kind]))
    assert run.go().status == "finished"
    assert run.output("read") == "[3,false]"
    (chosen,) = results(run)
    assert chosen.value == '{"type":null,"value":{"sum":3}}'
    read = {
        change.source.id
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, ReadMade) and change.reader == chosen.key
    }
    assert {"a", "b"} <= read


@kinds
def test_a_crash_at_any_frame_ends_the_same(kind: str) -> None:
    state = check_every_crash(lambda: reader(CONTAINERS[kind]))
    assert state.run_status == "finished"


@kinds
def test_a_result_is_the_output_of_the_run(kind: str) -> None:
    run = Run(workflow(CONTAINERS[kind]))
    assert run.go().output == '{"sum":3}'


def test_a_crash_never_calls_a_result_again_once_it_is_written() -> None:
    calls: list[int] = []

    def make() -> Workflow[NoInput, Any]:
        def count() -> int:
            calls.append(1)
            return len(calls)

        @workflow
        def flow(ctx: Context[NoInput]) -> Node:
            group = Sequence(Step("a", lambda: 1), result=count)
            return Sequence(group, Step("read", lambda: ctx[group]))

        return flow

    whole = Run(make())
    assert whole.go().status == "finished"
    assert calls == [1]
    for k in range(1, len(whole.watch.frames) + 1):
        run = crashed(whole, k, make())
        known = len(results(run))
        calls.clear()
        if run.state.run_status == "running":
            run.go()
        assert len(calls) == 1 - known
    assert whole.output("read") == "1"


def test_a_result_that_raises_fails_its_container_at_the_authors_line_and_a_resume_calls_it() -> (
    None
):
    fails = [True]

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        a = Step("a", lambda: 1)
        branch = Branch(
            lambda: True, a, result=lambda: boom() if fails else ctx[a] + 1, id="choose"
        )
        return Sequence(branch, Step("read", lambda: ctx[branch]))

    run = Run(flow)
    status = run.go()
    assert status.status == "failed"
    error = run.state.ended[Key("choose")].error
    assert error is not None
    assert error.message == "ValueError: boom"
    assert (error.place or "").startswith(__file__)
    assert run.starts == ["a#1"]
    fails.clear()
    assert run.go().status == "finished"
    assert run.output("read") == "2"
    assert run.starts == ["a#1", "read#1"]
    tests = [
        change
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, ChoiceMade) and change.kind == "test"
    ]
    assert len(tests) == 1, "what was chosen before the failure stays chosen"


def test_a_result_waits_for_what_it_reads() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        elsewhere = Step("elsewhere", lambda: 5)
        group = Sequence(Step("a", lambda: 1), result=lambda: ctx[elsewhere] * 2)
        return Parallel(group, Sequence(Step("before", lambda: ctx.get("a", int)), elsewhere))

    run = Run(flow)
    assert run.go().status == "finished"
    assert Key("parallel/sequence1") in {one.key for one in results(run)}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (lambda: object(), "cannot be stored"),
        (lambda: float("inf"), "cannot be stored"),
        (lambda: Step("x", lambda: 1), "returned <Step 'x'>"),
    ],
)
def test_what_cannot_be_stored_is_refused(value: Callable[[], object], said: str) -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Sequence(Step("a", lambda: 1), result=value)

    run = Run(flow)
    assert run.go().status == "failed"
    error = run.state.ended[Key("sequence")].error
    assert error is not None
    assert said in error.message
    assert (error.place or "").startswith(__file__)


def by_node(bad: Node[int], good: Node[int]) -> Node[int]:
    return Sequence(good, bad, result=good, on_failure="continue")


def by_callable(bad: Node[int], good: Node[int]) -> Node[int]:
    return Sequence(good, bad, result=lambda: 1, on_failure="continue")


def by_branch(bad: Node[int], good: Node[int]) -> Node[int | None]:
    return Branch(lambda: True, Sequence(good, bad), result=good, on_failure="continue")


def by_loop(bad: Node[int], good: Node[int]) -> Node[int]:
    return Loop(good, bad, until=lambda: True, max_iterations=1, result=good, on_failure="continue")


def by_itself(bad: Node[int], good: Node[int]) -> Node[int]:
    return Sequence(good, result=boom, on_failure="continue")


@pytest.mark.parametrize("make", [by_node, by_callable, by_branch, by_loop, by_itself])
def test_a_container_whose_failure_is_tolerated_gives_nothing(
    make: Callable[[Node[int], Node[int]], Node[int | None]],
) -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        made = make(Step("bad", boom), Step("good", lambda: 1))
        return Sequence(
            made,
            Step("maybe", lambda: ctx.get(made)),
            Step("read", lambda: ctx[made], on_failure="continue"),
        )

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("maybe") == "null"
    error = run.state.ended[Key("read")].error
    assert error is not None
    assert error.kind == "NoOutput"


def test_a_container_is_read_once_it_has_ended_and_not_before() -> None:
    seen: list[str] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: 1)
        group = Sequence(first, Step("second", lambda: seen.append("second")), result=first)
        return Parallel(Step("read", lambda: seen.append(f"read {ctx[group]}")), group)

    run = Run(flow)
    assert run.go().status == "finished"
    assert seen == ["second", "read 1"]


def arms(
    test: bool, then: Node[Any] | None, otherwise: Node[Any] | None, **options: Any
) -> tuple[str | None, Any, str | None]:
    """What a branch gives to its readers, by `ctx[...]` and as the run's output."""

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        made: Branch[Any] = Branch(lambda: test, then, otherwise, **options)
        read = Step("read", lambda: ctx[made], on_failure="continue")
        return Sequence(made, read, result=made)

    run = Run(flow)
    output = run.go().output
    error = run.state.ended[Key("read")].error
    return run.output("read"), None if error is None else error.kind, output


def test_a_branch_gives_what_the_chosen_arm_gives() -> None:
    def both() -> tuple[Node[int], Node[int]]:
        b = Step("b", lambda: 2)
        return Step("a", lambda: 1), Sequence(b, result=b)

    assert arms(True, *both()) == ("1", None, "1")
    assert arms(False, *both()) == ("2", None, "2")
    assert arms(False, both()[0], None) == ("null", None, None)
    assert arms(True, Sequence(Step("a", lambda: 1)), None) == ("null", None, None)
    assert arms(True, Step("a", boom, on_failure="continue"), None) == (None, "NoOutput", None)


def test_the_result_of_a_branch_is_none_if_its_arm_was_skipped() -> None:
    a, b = Step("a", lambda: 1), Step("b", lambda: 2)
    assert arms(True, a, b, result=a) == ("1", None, "1")
    a, b = Step("a", lambda: 1), Step("b", lambda: 2)
    assert arms(False, a, b, result=a) == ("null", None, None)


def test_a_loop_gives_the_last_iteration_of_its_result() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[str]:
        count: Step[int] = Step("count", lambda: (ctx.previous(count) or 0) + 1)
        loop = Loop(count, until=lambda: ctx[count] == 3, max_iterations=5, result=count)
        words = Loop(
            loop,
            until=lambda: True,
            max_iterations=1,
            result=lambda: f"{ctx[count]} and {ctx[loop]}",
        )
        read = Step("read", lambda: f"{ctx[words]}, {ctx[loop]}")
        return Sequence(words, read, result=read)

    assert Run(flow).go().output == '"3 and 3, 3"'
    assert check_every_crash(lambda: flow).run_status == "finished"


def test_a_fan_out_lists_what_branches_loops_and_sequences_give() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def each(item: str) -> Node[str | None]:
            work = Step(f"work {item}", lambda: item * 2)
            if item == "loop":
                return Loop(work, until=lambda: True, max_iterations=1, result=work)
            if item == "branch":
                return Branch(lambda: True, work)
            if item == "none":
                return Branch(lambda: False, work)
            if item == "bad":
                return Sequence(work, Step("bad", boom), result=work, on_failure="continue")
            return Sequence(work, result=lambda: ctx[work].upper())

        items = ["loop", "branch", "none", "bad", "sequence"]
        fan = ForEach(items, key=str, each=each)
        listed = Step("list", lambda: ctx[fan])
        return Sequence(
            fan,
            listed,
            Step("by key", lambda: ctx.items(fan)),
            Step("failed", lambda: [one.key for one in ctx.failures(fan)]),
        )

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("list") == '["looploop","branchbranch",null,"SEQUENCESEQUENCE"]'
    assert run.output("by key") == (
        '{"loop":"looploop","branch":"branchbranch","none":null,"sequence":"SEQUENCESEQUENCE"}'
    )
    assert run.output("failed") == '["bad"]'


def test_a_group_that_stops_before_its_result_is_asked_is_cancelled() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        never = Step("never", lambda: ctx.get("bad", int))
        group = Sequence(Step("a", lambda: 1), result=lambda: ctx[never], id="group")
        return Parallel(group, Sequence(Step("bad", boom), never))

    run = Run(flow)
    assert run.go().status == "failed"
    assert run.state.ends[Key("group")].outcome == "cancelled"
    assert not results(run)


def test_a_workflow_function_reads_a_container_without_an_id() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        a = Step("a", lambda: 1)
        group = Sequence(a, Step("b", lambda: 2), result=a)
        found = ctx.get(group)
        more = [] if found is None else [Step("more", lambda: found + ctx[group])]
        return Sequence(group, *more)

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.starts == ["a#1", "b#1", "more#1"]
    assert run.output("more") == "2"


def test_a_group_that_chooses_its_result_has_an_id_where_the_structure_reads() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        a = Step("a", lambda: 1)
        ctx.get(a)
        return Sequence(a, Sequence(Step("b", lambda: 2), result=lambda: 3))

    with pytest.raises(AuthorError, match="Sequence has no id"):
        asyncio.run(Run(flow).drive())
