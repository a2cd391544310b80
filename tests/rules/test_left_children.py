"""Child runs that their run no longer waits for are ended, and the time of all counts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from harnesses import Echo
from smithers import (
    Approval,
    Budget,
    Context,
    Node,
    NoInput,
    Parallel,
    Rework,
    Sequence,
    Step,
    Subflow,
    Task,
    Try,
    Workflow,
    workflow,
)
from smithers.changes import Key
from smithers.errors import AuthorError
from smithers.state import RunState
from tests.rules.runs import Clock, Run
from tests.rules.test_subflows import ids


@workflow
def asking(ctx: Context[NoInput]) -> Node:
    return Approval("ok", ask="?")


def child(run: Run, id: str) -> RunState:
    async def load() -> RunState:
        return RunState.of((await run.store.load(id)).frames)

    return asyncio.run(load())


def edited(with_child: bool) -> Workflow[NoInput, Any]:
    @workflow(name="whole")
    def whole(ctx: Context[NoInput]) -> Node:
        one = Subflow("one", asking) if with_child else None
        return Parallel(one, Approval("gate", ask="?"))

    return whole


def test_a_child_of_a_node_that_an_edit_has_removed_ends_and_can_be_resumed() -> None:
    run = Run(edited(True))
    run.go()
    run.workflow, run.edited = edited(False), True
    assert run.go().status == "waiting"
    assert "child run r1.one is ended, since one left the tree" in run.reports
    ended = child(run, "r1.one").status
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error.kind == "StoppedByParent"
    assert (Key("one"), "child") not in run.state.waits
    run.workflow = edited(True)
    run.go()
    assert child(run, "r1.one").run_status == "waiting"


def test_an_owner_that_dies_at_any_frame_of_a_removal_leaves_no_child() -> None:
    for frames in range(1, 4):
        run = Run(edited(True))
        run.go()
        run.workflow, run.edited = edited(False), True
        run.go_frames(frames)
        run.go()
        assert child(run, "r1.one").run_status == "failed"


def reworked(log: list[str], *, cleans: bool) -> Workflow[NoInput, Any]:
    @workflow
    def inner(ctx: Context[NoInput]) -> Node:
        ask = Approval("inside", ask="?")
        return Try(ask, finally_=Step("clean", lambda: log.append("cleaned"))) if cleans else ask

    @workflow
    def whole(ctx: Context[NoInput]) -> Node:
        draft = Step("draft", lambda: 1)
        sub = Subflow("sub", inner, needs=[draft])
        ship = Approval("ship", ask="Ship?", on_deny=Rework(draft))
        return Sequence(draft, Parallel(sub, ship))

    return whole


@pytest.mark.parametrize("cleans", [False, True])
def test_an_owner_that_dies_when_work_was_sent_back_leaves_no_child(cleans: bool) -> None:
    for frames in range(1, 6):
        log: list[str] = []
        run = Run(reworked(log, cleans=cleans))
        run.go()
        run.answer("ship", approved=False)
        run.go_frames(frames)
        assert run.go().status == "waiting"
        assert child(run, "r1.sub").run_status == "cancelled", frames
        assert child(run, "r1.sub.run2").run_status == "waiting", frames
        assert log == (["cleaned"] if cleans else []), frames


def test_a_child_of_a_node_that_leaves_the_tree_while_it_is_driven_ends() -> None:
    @workflow
    def whole(ctx: Context[NoInput]) -> Node:
        gate = Approval("gate", ask="?")
        one = Subflow("one", asking) if ctx.get(gate) is None else None
        return Parallel(gate, one)

    run = Run(whole)
    run.go()

    run.answer("gate")
    assert run.go().status == "finished"
    assert child(run, "r1.one").run_status == "failed"


def timed(clock: Clock, *, asks: bool) -> Workflow[NoInput, Any]:
    def work() -> int:
        clock.pass_s(60)
        return 1

    @workflow
    def inner(ctx: Context[NoInput]) -> Node:
        ask = Approval("ok", ask="?") if asks else None
        return Sequence(Step("work", work), ask)

    @workflow
    def middle(ctx: Context[NoInput]) -> Node:
        return Subflow("two", inner)

    @workflow(budget=Budget(time_s=50))
    def whole(ctx: Context[NoInput]) -> Node:
        return Sequence(Subflow("one", middle), Task("last", agent=Echo(), prompt="last"))

    return whole


def test_the_time_of_child_runs_counts_for_the_budgets_around_their_nodes() -> None:
    clock = Clock()
    run = Run(timed(clock, asks=False), now=clock)
    assert run.go().status == "waiting"
    wait = run.state.waits[Key(""), "budget"].opened
    assert wait.asked == "the budget of the run is spent: 60 of 50 s"
    run.raise_budget(time_s=50)
    assert run.go().status == "finished"
    took = [one for one in run.state.attempts.values() if one.agent == "r1.one"]
    assert [(one.ended_at - one.started_at).total_seconds() for one in took if one.ended_at] == [60]


def test_the_time_of_a_child_that_waits_counts_once() -> None:
    clock = Clock()
    run = Run(timed(clock, asks=True), now=clock)
    assert run.go().status == "waiting"
    took = [one for one in run.state.attempts.values() if one.agent == "r1.one"]
    assert [(one.ended_at - one.started_at).total_seconds() for one in took if one.ended_at] == [60]
    assert child(run, "r1.one").attempts[1].agent == "r1.one.two"


def test_another_workflow_under_the_node_of_a_waiting_child_is_refused() -> None:
    @workflow
    def other(ctx: Context[NoInput]) -> Node:
        return Step("s", lambda: 1)

    @workflow(name="asking")
    def renamed(ctx: Context[NoInput]) -> Node:
        return Approval("ok", ask="?")

    name, of = ["part"], [asking]

    @workflow
    def whole(ctx: Context[NoInput]) -> Node:
        return Subflow(name[0], of[0])

    run = Run(whole)
    assert run.go().status == "waiting"
    frames, of[0] = len(run.watch.frames), other
    with pytest.raises(AuthorError, match="which is of another workflow than other"):
        run.go()
    assert len(run.watch.frames) == frames
    assert child(run, "r1.part").run_status == "waiting"
    of[0] = renamed
    assert run.go().status == "waiting"
    name[0], of[0] = "another", other
    assert run.go().status == "finished"
    assert child(run, "r1.part").run_status == "failed"


def test_a_failed_child_is_not_resumed_as_a_run_of_another_workflow() -> None:
    @workflow
    def failing(ctx: Context[NoInput]) -> Node:
        return Step("s", lambda: 1 // 0)

    @workflow
    def right(ctx: Context[NoInput]) -> Node:
        return Step("s", lambda: 1)

    of = [failing]

    @workflow
    def whole(ctx: Context[NoInput]) -> Node:
        return Subflow("part", of[0])

    run = Run(whole)
    assert run.go().status == "failed"
    of[0] = right
    assert run.go().status == "finished"
    assert ids(run) == ["r1", "r1.part", "r1.part.run2"]


@pytest.mark.parametrize("at", ["created", "cooldowns"])
def test_a_run_that_is_cancelled_while_its_child_begins_cancels_that(
    at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    @workflow
    def part(ctx: Context[NoInput]) -> Node:
        return Sequence(Step("first", lambda: 1), Approval("ok", ask="?"))

    @workflow
    def whole(ctx: Context[NoInput]) -> Node:
        return Subflow("part", part)

    run = Run(whole)
    create, cooldowns = run.store.create, run.store.cooldowns

    async def cancel_now() -> None:
        await run.cancel()
        run.engine.look()
        for _ in range(50):
            await asyncio.sleep(0)

    async def creating(new: Any, *given: Any) -> Any:
        if new.run_id == "r1.part" and at == "created":
            await cancel_now()
        return await create(new, *given)

    async def looking() -> Any:
        if run.watch.frames and at == "cooldowns":
            await cancel_now()
        return await cooldowns()

    monkeypatch.setattr(run.store, "create", creating)
    monkeypatch.setattr(run.store, "cooldowns", looking)
    assert run.go().status == "cancelled"
    assert child(run, "r1.part").run_status == "cancelled"
