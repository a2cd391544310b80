"""DESIGN 3a, Failure in Parallel: what runs may end, and nothing new starts."""

from __future__ import annotations

import asyncio

import pytest

from smithers import (
    Approval,
    Context,
    ForEach,
    Node,
    NoInput,
    Parallel,
    Retry,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.changes import AttemptEnded, Key
from smithers.errors import Transient
from tests.rules.agents import HANGS, Scripted
from tests.rules.runs import Run


async def boom() -> None:
    raise ValueError("no")


def attempts(run: Run) -> dict[str, str]:
    state = run.state
    return {f"{one.key}#{one.number}": one.state for one in state.attempts.values()}


def test_running_attempts_end_and_then_the_group_fails() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        gate = asyncio.Event()

        async def bad() -> None:
            asyncio.get_running_loop().call_later(0.05, gate.set)
            raise ValueError("no")

        async def slow() -> str:
            await gate.wait()
            return "paid for"

        return Parallel(Step("slow", slow), Step("bad", bad))

    run = Run(flow)
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error.message == "bad failed: ValueError: no"
    assert run.output("slow") == '"paid for"'


def test_no_attempt_starts_anywhere_below_the_group() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        gate = asyncio.Event()

        async def bad() -> None:
            asyncio.get_running_loop().call_later(0.05, gate.set)
            raise ValueError("no")

        async def slow() -> str:
            await gate.wait()
            return "paid for"

        deep = Sequence(Step("slow", slow), Step("next", lambda: 1))
        return Parallel(Parallel(deep), Step("bad", bad), Approval("ok", ask="?"))

    run = Run(flow)
    assert run.go().status == "failed"
    assert run.outcome("slow") == "finished"
    assert run.outcome("next") == "cancelled"
    assert run.outcome("ok") == "cancelled"
    assert run.state.waits == {}


def test_no_retry_starts_and_what_had_failed_is_failed() -> None:
    agent = Scripted(Transient("cut"), "done")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        retry = Retry(first_s=30, jitter=0)
        quick = Task("quick", agent=agent, prompt="p", retry=retry)
        return Parallel(quick, Sequence(Step("first", lambda: 1), Step("bad", boom)))

    run = Run(flow)
    assert run.go().status == "failed"
    assert run.outcome("quick") == "failed"
    error = run.state.ended[Key("quick")].error
    assert error is not None
    assert error.message == "cut"
    assert len(agent.asks) == 1


def test_on_failure_cancel_stops_the_running_ones_too() -> None:
    agent = Scripted(HANGS)

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        hangs = Task("hangs", agent=agent, prompt="p")
        bad = Sequence(Step("first", lambda: 1), Step("bad", boom))
        return Parallel(hangs, bad, on_failure="cancel")

    run = Run(flow)
    assert run.go(within_s=5).status == "failed"
    assert agent.stopped == 1
    assert run.outcome("hangs") == "cancelled"
    assert attempts(run)["hangs#1"] == "cancelled"


def test_one_that_is_started_in_the_frame_of_the_failure_is_stopped_as_well() -> None:
    agent = Scripted(HANGS)

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: 0)
        hangs = Task("hangs", agent=agent, prompt=lambda: f"{ctx[first]}")
        bad = Task("bad", agent=Scripted(), prompt=lambda: f"{1 / ctx[first]}")
        return Parallel(first, hangs, bad, on_failure="cancel")

    run = Run(flow)
    assert run.go(within_s=5).status == "failed"
    assert run.outcome("hangs") == "cancelled"


@pytest.mark.parametrize("kind", ["parallel", "sequence"])
def test_a_task_that_may_fail_does_not_fail_its_group(kind: str) -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        bad = Step("bad", boom, on_failure="continue")
        after = Step("after", lambda: 1)
        return Parallel(bad, after) if kind == "parallel" else Sequence(bad, after)

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.outcome("bad") == "failed"
    assert run.outcome("after") == "finished"


def test_a_fan_out_fails_and_cancels_alike() -> None:
    agent = Scripted(HANGS)

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def each(name: str) -> Node:
            if name == "bad":
                return Sequence(Step("first", lambda: 1), Step("bad", boom))
            return Task(name, agent=agent, prompt="p")

        return ForEach(["bad", "x", "y"], key=str, each=each, on_failure="cancel")

    run = Run(flow)
    assert run.go(within_s=5).status == "failed"
    assert agent.stopped == 2
    assert run.outcome("x") == run.outcome("y") == "cancelled"


def test_a_fan_out_that_goes_on_finishes_all_items() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def each(name: str) -> Node:
            return Sequence(Step(name, boom if name == "a" else _one), Step(f"{name}2", _one))

        return ForEach(["a", "b"], key=str, each=each, on_failure="continue")

    async def _one() -> int:
        return 1

    run = Run(flow)
    assert run.go().status == "finished"
    assert [run.outcome(id) for id in ("a", "a2", "b", "b2")] == [
        "failed",
        "cancelled",
        "finished",
        "finished",
    ]


def test_what_fails_while_its_group_fails_keeps_its_own_error() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        gate = asyncio.Event()

        async def first() -> None:
            asyncio.get_running_loop().call_later(0.05, gate.set)
            raise ValueError("one")

        async def second() -> None:
            await gate.wait()
            raise ValueError("two")

        return Parallel(Step("one", first), Step("two", second))

    run = Run(flow)
    assert run.go().status == "failed"
    ends = [run.state.ended[Key(id)] for id in ("one", "two")]
    assert [(end.outcome, end.error and end.error.message) for end in ends] == [
        ("failed", "ValueError: one"),
        ("failed", "ValueError: two"),
    ]


def test_the_attempts_of_a_failed_group_leave_nothing_running() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        many = (Step(f"s{n}", boom) for n in range(20))
        return Parallel(*many, limit=3)

    run = Run(flow)
    assert run.go().status == "failed"
    assert not run.state.running()
    ends = [
        change.serial
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, AttemptEnded)
    ]
    assert len(ends) == len(set(ends)) == len(run.starts)
