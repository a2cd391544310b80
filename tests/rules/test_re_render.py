"""DESIGN 3a, Re-render: it changes pending nodes only."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest

from smithers import (
    Approval,
    Branch,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    workflow,
)
from smithers.changes import AttemptEnded, NodeGone, NodeMounted
from smithers.errors import AuthorError
from tests.rules.runs import Run

Make = Callable[[Context[NoInput]], Node[Any]]


def test_a_structure_that_reads_nothing_renders_at_the_start_alone() -> None:
    renders: list[int] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        renders.append(1)
        first = Step("first", lambda: 1)
        return Sequence(first, Step("second", lambda: ctx[first]), Step("third", lambda: 2))

    assert Run(flow).go().status == "finished"
    assert renders == [1, 1], "twice at first, to see that it gives the same"


def test_a_scope_runs_again_only_when_what_it_read_has_changed() -> None:
    renders: list[int | None] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: 1)
        second = Step("second", lambda: 2)
        renders.append(ctx.get(second))
        return Sequence(first, second, *(Step(f"s{n}", lambda: 0) for n in range(5)))

    assert Run(flow).go().status == "finished"
    assert renders == [None, None, 2], "twice at first, to see that it gives the same"


def test_a_running_task_that_is_gone_from_the_new_tree_is_cancelled() -> None:
    stopped: list[bool] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        async def hang() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                stopped.append(True)

        async def quick() -> int:
            return 1

        first = Step("first", quick)
        return Parallel(first, None if ctx.get(first) else Step("slow", hang))

    run = Run(flow)
    assert run.go().status == "finished"
    assert stopped == [True]
    assert run.outcome("slow") == "cancelled"
    ends = [
        change.state
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, AttemptEnded)
    ]
    assert sorted(ends) == ["cancelled", "succeeded"]


def test_finished_outputs_stay_readable_by_id() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: "kept")
        then = Step("then", lambda: ctx.get("first", str))
        return Sequence(then) if ctx.get(first) else Sequence(first)

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("then") == '"kept"'


def test_finished_outputs_stay_readable_by_their_handle() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: "kept")
        then = Step("then", lambda: ctx[first])
        return Sequence(then) if ctx.get(first) else Sequence(first)

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("then") == '"kept"'


def test_a_pending_task_takes_its_new_prompt() -> None:
    from smithers import Task
    from tests.rules.agents import Scripted

    agent = Scripted()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: "new")
        word = ctx.get(first) or "old"
        return Sequence(first, Task("second", agent=agent, prompt=f"the {word} prompt"))

    assert Run(flow).go().status == "finished"
    assert agent.asks[0].prompt == "the new prompt"


def test_an_open_question_survives_a_render() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: 1)
        return Parallel(Approval("ok", ask=f"ok? {ctx.get(first)}"), first)

    run = Run(flow)
    assert run.go().status == "waiting"
    run.answer("ok")
    assert run.go().status == "finished"


def test_a_crash_changes_nothing_of_a_tree_that_reads_state() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: 1)
        arm, no = Step("arm", lambda: 1), Step("no", lambda: 1)
        more = Branch(lambda: True, arm, id="more") if ctx.get(first) else None
        less = None if ctx.get(first) else Branch(lambda: True, Sequence(no), id="less")
        return Sequence(first, less, more, Approval("ok", ask="ok?"))

    run = Run(flow)
    assert run.go().status == "waiting"
    assert run.outcome("no") is None
    frames = len(run.watch.frames)
    assert run.go().status == "waiting"
    changes = [change for frame in run.watch.frames[frames:] for change in frame.changes]
    assert not [change for change in changes if isinstance(change, NodeGone | NodeMounted)]
    run.answer("ok")
    assert run.go().status == "finished"


def test_a_wrong_tree_in_a_later_render_fails_the_run_with_its_place() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: 1)
        if ctx.get(first):
            return Sequence(first, Step("first", lambda: 2))
        return Sequence(first)

    run = Run(flow)
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error.kind == "AuthorError"
    assert (ended.error.place or "").startswith(__file__)


def step(id: str) -> Step[str]:
    return Step(id, lambda: id)


def branch(id: str | None = None, arm: str = "arm") -> Node[Any]:
    return Branch(lambda: True, step(arm), id=id)


def loop(id: str | None = None) -> Node[Any]:
    return Loop(step("body"), until=lambda: True, max_iterations=2, id=id)


def fan(id: str | None = None) -> Node[Any]:
    return ForEach(["x"], key=str, each=step, id=id)


def refused(make: Make) -> AuthorError:
    """How the tree is refused when it is mounted: before anything starts or is written."""
    run = Run(workflow(make))
    with pytest.raises(AuthorError) as error:
        run.go()
    assert not run.watch.frames
    assert str(error.value.place).startswith(__file__)
    return error.value


@pytest.mark.parametrize("make", [branch, loop, fan])
@pytest.mark.parametrize("reads_first", [True, False])
def test_what_chooses_has_an_id_in_a_function_that_reads_state(
    make: Callable[..., Node[Any]], *, reads_first: bool
) -> None:
    def flow(ctx: Context[NoInput], id: str | None = None) -> Node:
        first = step("first")
        before = ctx.get(first) if reads_first else None
        chooses = make(id)
        seen = before if reads_first else ctx.get(first)
        more = None if seen is None else step("more")
        return Sequence(first, more, Sequence(chooses))

    error = refused(flow)
    kind = {branch: "Branch", loop: "Loop", fan: "ForEach"}[make]
    assert f"{kind} has no id, and workflow flow reads outputs" in error.said
    assert f"{kind}(..., id=" in error.hint

    @workflow
    def named(ctx: Context[NoInput]) -> Node:
        return flow(ctx, "chooses")

    assert Run(named).go().status == "finished"


@pytest.mark.parametrize("reader", ["each", "the workflow function"])
def test_what_chooses_has_an_id_in_an_item_that_a_read_may_change(reader: str) -> None:
    def flow(ctx: Context[NoInput]) -> Node:
        first = step("first")
        read = ctx.get(first) if reader != "each" else None

        def each(item: str) -> Node:
            seen = ctx.get(first) if reader == "each" else read
            return Sequence(None if seen is None else step(f"more {item}"), branch(arm=item))

        return Parallel(first, ForEach(["x"], key=str, each=each, id="fan"))

    error = refused(flow)
    scope = "each of fan for item 'x'" if reader == "each" else "workflow flow"
    assert f"Branch has no id, and {scope} reads outputs" in error.said
    assert 'id=f"branch-{item}"' in error.hint


def test_what_chooses_needs_no_id_where_the_items_of_another_fan_out_read() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = step("first")

        def each(item: str) -> Node:
            own = Step(item, lambda: ctx[first])
            return Sequence(None if ctx.get(first) is None else step("more"), own)

        return Parallel(first, branch(), loop(), ForEach(["x"], key=str, each=each))

    assert Run(flow).go().status == "finished"


def test_a_later_render_mounts_nothing_that_chooses_without_an_id() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = step("first")
        return Sequence(first, branch() if ctx.get(first) else step("other"))

    run = Run(flow)
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert "Branch has no id" in ended.error.message
    assert (ended.error.place or "").startswith(__file__)
    assert run.outcome("arm") is None


def test_a_run_that_has_chosen_without_an_id_continues_when_its_function_begins_to_read() -> None:
    def quiet(ctx: Context[NoInput]) -> Node:
        return Sequence(step("first"), branch(), Approval("ok", ask="?"))

    def flow(ctx: Context[NoInput], *more: Node[Any]) -> Node:
        ok = Approval("ok", ask="?")
        return Sequence(step("first"), branch(), ok, step("end") if ctx.get(ok) else None, *more)

    run = Run(workflow(name="flow")(quiet))
    assert run.go().status == "waiting"
    frames = len(run.watch.frames)
    run.workflow, run.edited = workflow(name="flow")(lambda ctx: flow(ctx, branch(arm="b"))), True
    with pytest.raises(AuthorError, match="Branch has no id"):
        run.go()
    assert len(run.watch.frames) == frames
    run.workflow = workflow(name="flow")(flow)
    run.answer("ok")
    assert run.go().status == "finished"
    assert run.outcome("end") == "finished"


def test_a_function_that_makes_many_nodes_many_times_is_told_of_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("smithers.engine.repeating._MANY_NODES", 20)
    monkeypatch.setattr("smithers.engine.repeating._MANY_RENDERS", 10)

    def grown(size: int) -> list[str]:
        @workflow
        def flow(ctx: Context[NoInput]) -> Node:
            steps: list[Node[int]] = []
            while len(steps) < size and (not steps or ctx.get(steps[-1]) is not None):
                steps.append(Step(f"s{len(steps)}", lambda: 1))
            return Sequence(*steps)

        run = Run(flow)
        assert run.go().status == "finished"
        return run.reports

    assert grown(25) == []
    (told,) = grown(40)
    assert re.fullmatch(
        r"the workflow function at .*test_re_render\.py:\d+:\d+ was called 10 times for trees of 20"
        r" nodes or more: put what depends on outputs in Sequence\(then=\.\.\.\) or in ForEach,"
        r" which build each node once",
        told,
    )
