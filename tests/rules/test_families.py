"""Runs that an agent has started share the budgets of the run above, in either direction."""

from __future__ import annotations

import asyncio
from collections import abc
from dataclasses import replace
from typing import Any, Literal

import pytest

from harnesses import Echo
from smithers import (
    Approval,
    Budget,
    Context,
    Node,
    NoInput,
    Sequence,
    Subflow,
    Task,
    Workflow,
    workflow,
)
from smithers.allowed import AllowRuns
from smithers.changes import Frame, Key
from smithers.engine.endings import Ending
from smithers.engine.engine import Engine
from smithers.engine.settings import Unwatched
from smithers.state import RunState
from smithers.store import Claim, Model, NewRun, Parent
from tests.rules.runs import Run

OnExhausted = Literal["wait", "fail", "finish"]


@workflow
def one_call(ctx: Context[NoInput]) -> Node[str]:
    return Task("call", agent=Echo(), prompt="Hello")


def parent_of(budget: Budget | None, part: Budget | None = None) -> Workflow[NoInput, Any]:
    """One call, then a question and another call; `part` is the budget around those two."""

    @workflow(budget=budget, allow_runs=AllowRuns(9, 9))
    def whole(ctx: Context[NoInput]) -> Node:
        first = Task("first", agent=Echo(), prompt="first")
        ok = Approval("ok", ask="?")
        last = Task("last", agent=Echo(), prompt="last")
        return Sequence(first, Sequence(ok, last, id="part", budget=part))

    return whole


def started(made: Workflow[NoInput, Any]) -> Run:
    run = Run(made)
    assert run.go().status == "waiting"
    return run


def drive_below(run: Run, run_id: str, node: str, *, parent: str = "r1") -> Ending:
    """Start or resume a run that an agent of this node has started."""

    async def drive() -> Ending:
        store, history, claim = run.store, None, None
        row: NewRun = replace(
            run.new,
            run_id=run_id,
            workflow="one_call",
            parent=Parent(run_id=parent, key=Key(node), waits=False),
            allow_runs=AllowRuns(9, 9),
        )
        if run_id in run.store._runs:  # pyright: ignore[reportPrivateUsage]
            history = await store.load(run_id)
            claim = (await store.claim(run_id, run.owner, source="1")).claim
        state = RunState() if history is None else RunState.of(history.frames)
        engine = Engine(
            one_call,
            NoInput(),
            run=row,
            state=state,
            settings=run.settings,
            observer=Unwatched(),
        )
        await engine.family.look(store, first=True)

        async def first(frame: Frame, models: abc.Sequence[Model]) -> Claim:
            return await store.create(row, run.owner, frame, models)

        async with asyncio.timeout(20):
            ending = await engine.run(store, claim=claim, first=None if history else first)
        assert engine.claim is not None
        await store.release(engine.claim)
        return ending

    return asyncio.run(drive())


def test_runs_below_share_the_budget_until_it_is_raised() -> None:
    run = started(parent_of(Budget(calls=2)))
    assert drive_below(run, "c1", "first").status.status == "finished"
    held = drive_below(run, "c2", "first")
    assert (held.status.status, held.over_budget) == ("waiting", True)
    state = RunState.of(asyncio.run(run.store.load("c2")).frames)
    said = "the budget of the run is spent: 2 of 2 calls (of run r1)"
    assert state.waits[Key(""), "budget"].opened.asked == said
    run.raise_budget(calls=1)
    run.go()
    assert drive_below(run, "c2", "first").status.status == "finished"
    run.answer("ok")
    assert run.go().status == "waiting"
    said = "the budget of the run is spent: 3 of 3 calls"
    assert run.state.waits[Key(""), "budget"].opened.asked == said


def test_a_budget_counts_what_was_started_from_below_its_node_alone() -> None:
    for node, status in (("first", "finished"), ("ok", "waiting")):
        run = started(parent_of(None, Budget(calls=1)))
        assert drive_below(run, "c1", node).status.status == "finished"
        assert drive_below(run, "c2", node).status.status == status
        run.answer("ok")
        assert run.go().status == status


@pytest.mark.parametrize(("on_exhausted", "status"), [("fail", "failed"), ("finish", "finished")])
def test_the_budget_above_says_what_happens_at_its_cap(
    on_exhausted: OnExhausted, status: str
) -> None:
    run = started(parent_of(Budget(calls=1, on_exhausted=on_exhausted)))
    assert drive_below(run, "c1", "first").status.status == status
    assert not [one for one in child(run, "c1").attempts.values() if one.is_call]


def test_a_run_two_levels_below_shares_the_budgets_of_all_above_it() -> None:
    run = started(parent_of(Budget(calls=3)))
    assert drive_below(run, "c1", "first").status.status == "finished"

    async def reopen() -> None:
        run.store._runs["c1"].status = "running"  # pyright: ignore[reportPrivateUsage]

    asyncio.run(reopen())
    assert drive_below(run, "c2", "call", parent="c1").status.status == "finished"
    assert drive_below(run, "c3", "call", parent="c1").status.status == "waiting"


def test_what_is_started_below_a_child_run_counts_for_the_run_that_waits_for_it() -> None:
    @workflow(allow_runs=9)
    def inner(ctx: Context[NoInput]) -> Node[Any]:
        return Sequence(Approval("ok", ask="?"), Task("last", agent=Echo(), prompt="last"))

    @workflow(budget=Budget(calls=1), allow_runs=9)
    def whole(ctx: Context[NoInput]) -> Node:
        return Subflow("one", inner)

    run = started(whole)
    assert drive_below(run, "c1", "ok", parent="r1.one").status.status == "finished"
    assert drive_below(run, "c2", "ok", parent="r1.one").status.status == "waiting"
    asyncio.run(answer_child(run))
    assert run.go().status == "waiting"
    said = "the budget of the run is spent: 1 of 1 call (of run r1)"
    assert child(run, "r1.one").waits[Key(""), "budget"].opened.asked == said


async def answer_child(run: Run) -> None:
    from smithers.store import Note
    from smithers.tree import Decision

    wait = RunState.of((await run.store.load("r1.one")).frames).waits[Key("ok"), "approval"]
    body = Decision(approved=True, by="ann", at=run.now()).model_dump_json()
    given: dict[str, Any] = {"key": Key("ok"), "opened": wait.frame, "body": body}
    await run.store.offer(Note(run_id="r1.one", kind="answer", at=run.now(), **given))


def child(run: Run, run_id: str) -> RunState:
    return RunState.of(asyncio.run(run.store.load(run_id)).frames)
