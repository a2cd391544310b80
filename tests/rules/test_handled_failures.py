"""What an `on_failure="continue"` absorbed is a row of its own, and final."""

from __future__ import annotations

import asyncio

import pytest

from smithers import Context, ForEach, Node, NoInput, Sequence, Step, Task, workflow
from smithers.changes import FailureHandled, Key, Reset
from smithers.engine.endings import Ending
from smithers.errors import Permanent
from tests.rules.agents import Scripted
from tests.rules.resuming import check_every_crash
from tests.rules.runs import Run


def boom() -> str:
    raise ValueError("boom")


def drive(run: Run) -> Ending:
    return asyncio.run(run.drive())


def handled(run: Run) -> list[str]:
    return [
        str(change.key)
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, FailureHandled)
    ]


@workflow
def tolerant(ctx: Context[NoInput]) -> Node:
    def item(name: str) -> Node:
        if name == "good":
            return Step("good", lambda: "good")
        return Sequence(Step(f"{name}/bad", boom), Step(f"{name}/after", lambda: 1))

    each = ForEach(
        ["good", "x", "y"], key=str, each=item, on_failure="continue", id="each", limit=1
    )
    own = Step("own", boom, on_failure="continue")
    return Sequence(each, own, Step("last", lambda: "done"))


def test_what_was_absorbed_is_written_once_and_in_the_frame_that_absorbs_it() -> None:
    run = Run(tolerant)
    ending = drive(run)
    assert (ending.status.status, ending.tolerated) == ("finished", True)
    assert sorted(handled(run)) == ["own", "x/after", "x/bad", "y/after", "y/bad"]
    assert sorted(map(str, run.state.tolerated)) == ["own", "x/bad", "y/bad"]


def test_a_crash_at_any_frame_writes_no_absorbed_failure_twice() -> None:
    state = check_every_crash(lambda: tolerant)
    assert len(state.handled) == 5


def test_a_resume_does_not_repeat_what_was_handled() -> None:
    broken = [True]

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def late() -> str:
            if broken:
                raise ValueError("late")
            return "done"

        def item(name: str) -> Node:
            return Sequence(Step(f"{name}/bad", boom), Step(f"{name}/after", lambda: 1))

        each = ForEach(["x"], key=str, each=item, on_failure="continue", id="each")
        return Sequence(each, Step("late", late), Step("last", lambda: 1))

    run = Run(flow)
    assert run.go().status == "failed"
    broken.clear()
    assert run.go().status == "finished"
    resets = [
        change.key.id
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, Reset)
    ]
    assert sorted(resets) == ["last", "late"]
    assert run.starts.count("x/bad#1") == 1
    assert "x/bad#2" not in run.starts


def test_a_failed_task_that_left_the_tree_is_not_tolerated() -> None:
    def flow_of(ids: list[str]) -> Run:
        @workflow
        def flow(ctx: Context[NoInput]) -> Node:
            steps = [Step(id, boom if id == "bad" else lambda: 1) for id in ids]
            return Sequence(*steps)

        return Run(flow)

    run = flow_of(["bad", "last"])
    assert run.go().status == "failed"
    run.workflow, run.edited = flow_of(["last"]).workflow, True
    ending = drive(run)
    assert (ending.status.status, ending.tolerated) == ("finished", False)
    assert run.state.tolerated == []


def test_one_task_is_not_both_reused_and_gone() -> None:
    def flow_of(ids: list[str], fails: str) -> Run:
        @workflow
        def flow(ctx: Context[NoInput]) -> Node:
            return Sequence(*[Step(id, boom if id == fails else lambda: 1) for id in ids])

        return Run(flow)

    run = flow_of(["a", "b", "c"], "c")
    assert run.go().status == "failed"
    assert Key("a") in run.state.ended
    run.workflow, run.edited = flow_of(["b", "c"], "").workflow, True
    assert run.go().status == "finished"
    assert "a" not in run.state.nodes


@pytest.mark.parametrize("agent_fails", [True, False])
def test_the_failure_that_ended_a_run_is_named_and_no_handled_one(agent_fails: bool) -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", boom, on_failure="continue")
        if agent_fails:
            return Sequence(first, Task("second", agent=Scripted(Permanent("no")), prompt="x"))
        return Sequence(first, Step("second", boom))

    run = Run(flow)
    ended = run.go()
    assert ended.error is not None
    assert ended.error.message.startswith("second failed")
