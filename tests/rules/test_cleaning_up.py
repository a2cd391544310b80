"""A run that is cancelled, or past its deadline, lives through what cleans up before it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import pytest

from smithers import (
    Approval,
    Context,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Try,
    Workflow,
    workflow,
)
from smithers.changes import AttemptStarted, Frame, Key
from smithers.state import RunState
from tests.rules.resuming import crashed
from tests.rules.runs import Run

Decorator = Callable[[Callable[[Context[NoInput]], Node[Any]]], Workflow[NoInput, Any]]

DAY_S = 86_400.0


def flow_of(make: Callable[[], Node[Any]], **limits: Any) -> Workflow[NoInput, Any]:
    decorate = cast("Decorator", workflow(**limits))

    def flow(ctx: Context[NoInput]) -> Node:
        return make()

    return decorate(flow)


def outcomes(run: Run) -> dict[str, str]:
    return {str(key): ended.outcome for key, ended in run.state.ended.items()}


def starts(run: Run) -> list[str]:
    changes = (change for frame in run.watch.frames for change in frame.changes)
    return [change.key.id for change in changes if isinstance(change, AttemptStarted)]


async def forever() -> None:
    await asyncio.sleep(DAY_S)


async def until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110  # the run has no event for it
        await asyncio.sleep(0)


def is_started(run: Run, id: str) -> bool:
    return id in starts(run)


def cancelled_when(run: Run, started: str) -> str:
    """Drive the run, and cancel it once a step has started."""

    async def main() -> str:
        async with asyncio.timeout(20):
            driving = asyncio.create_task(run.drive())
            await until(partial(is_started, run, started))
            await run.cancel()
            return (await driving).status.status

    return asyncio.run(main())


def test_a_cancelled_run_cleans_up_before_it_ends() -> None:
    def make() -> Node:
        body = Sequence(Step("a", lambda: "a"), Step("slow", forever), Step("never", lambda: 1))
        return Sequence(
            Try(body, finally_=Sequence(Step("f", lambda: "f"), Step("g", lambda: "g"))),
            Step("after", lambda: 1),
        )

    run = Run(flow_of(make))
    assert cancelled_when(run, "slow") == "cancelled"
    assert starts(run) == ["a", "slow", "f", "g"]
    found = outcomes(run)
    assert (found["a"], found["slow"], found["f"], found["g"]) == (
        "finished",
        "cancelled",
        "finished",
        "finished",
    )


def test_a_run_without_anything_to_clean_up_ends_at_once() -> None:
    run = Run(
        flow_of(
            lambda: Sequence(
                Step("slow", forever), Try(Step("b", forever), finally_=Step("f", lambda: 1))
            )
        )
    )
    assert cancelled_when(run, "slow") == "cancelled"
    assert starts(run) == ["slow"]


def test_cleaning_up_takes_no_longer_than_the_grace_of_the_workflow() -> None:
    make = lambda: Try(Step("slow", forever), finally_=Step("f", forever))  # noqa: E731
    run = Run(flow_of(make, grace_s=0.2))
    assert cancelled_when(run, "slow") == "cancelled"
    assert outcomes(run) == {"slow": "cancelled", "f": "cancelled"}


def test_what_waits_for_a_person_is_withdrawn_and_a_question_in_the_cleanup_is_asked() -> None:
    def make() -> Node:
        return Try(
            Approval("ask", ask="May I?"),
            finally_=Sequence(Approval("sure", ask="Remove it?"), Step("f", lambda: 1)),
        )

    run = Run(flow_of(make))

    def is_asked() -> bool:
        state = run.watch.engine.state if run.watch.engine else RunState()
        wait = state.waits.get((Key("sure"), "approval"))
        return wait is not None and wait.frame <= state.frame

    assert run.go().status == "waiting"
    asyncio.run(run.cancel())

    async def main() -> str:
        async with asyncio.timeout(20):
            driving = asyncio.create_task(run.drive())
            await until(is_asked)
            await run.offer_answer("sure")
            return (await driving).status.status

    assert asyncio.run(main()) == "cancelled"
    assert outcomes(run) == {"ask": "cancelled", "sure": "finished", "f": "finished"}


def test_at_a_deadline_the_run_cleans_up_and_a_resume_with_more_time_continues() -> None:
    fast: list[bool] = []

    async def slow() -> str:
        if not fast:
            await forever()
        return "done"

    make = lambda: Try(Step("slow", slow), finally_=Step("f", lambda: "f"))  # noqa: E731
    run = Run(flow_of(make, deadline_s=0.3))
    status = run.go()
    assert (status.status, status.error and status.error.kind) == ("failed", "DeadlineExceeded")
    assert outcomes(run) == {"slow": "cancelled", "f": "finished"}
    fast.append(True)
    run.workflow = flow_of(make, deadline_s=3600.0)
    assert run.go().status == "finished"
    assert starts(run) == ["slow", "f", "slow"]


def test_a_crash_while_it_cleans_up_repeats_nothing_and_ends_as_cancelled() -> None:
    def make() -> Node:
        return Parallel(
            Try(
                Step("slow", forever),
                finally_=Sequence(*(Step(f"f{n}", lambda: 1) for n in range(3))),
            ),
            Step("other", forever),
        )

    whole = Run(flow_of(make))
    assert cancelled_when(whole, "slow") == "cancelled"
    frames = whole.watch.frames
    asked = next(
        frame.number
        for frame in frames
        if any(getattr(c, "kind", "") == "ending" for c in frame.changes)
    )
    for after in range(asked + 1, len(frames)):
        run = crashed(whole, after)
        before = starts(run)
        assert run.go().status == "cancelled"
        assert outcomes(run) == outcomes(whole), after
        again = starts(run)[len(before) :]
        assert not {f"f{n}" for n in range(3) if f"f{n}" in before[:-1]} & set(again)


def test_a_second_cancel_ends_the_cleanup() -> None:
    make = lambda: Try(Step("slow", forever), finally_=Step("f", forever))  # noqa: E731
    run = Run(flow_of(make))

    async def main() -> str:
        async with asyncio.timeout(20):
            driving = asyncio.create_task(run.drive())
            for name in ("slow", "f"):
                await until(partial(is_started, run, name))
                await run.cancel()
            return (await driving).status.status

    assert asyncio.run(main()) == "cancelled"
    assert outcomes(run) == {"slow": "cancelled", "f": "cancelled"}


@pytest.mark.parametrize("grace_s", [-1, "long"])
def test_a_wrong_grace_is_refused(grace_s: Any) -> None:
    with pytest.raises(Exception, match="grace_s must be a number of seconds"):
        flow_of(lambda: Step("a", lambda: 1), grace_s=grace_s)


def test_two_cancels_that_were_written_before_anybody_cleaned_up_are_one_request() -> None:
    make = lambda: Try(Approval("ask", ask="May I?"), finally_=Step("f", lambda: "f"))  # noqa: E731
    run = Run(flow_of(make))
    assert run.go().status == "waiting"
    for _ in range(2):
        asyncio.run(run.cancel())
    assert run.go().status == "cancelled"
    assert outcomes(run) == {"ask": "cancelled", "f": "finished"}


def test_a_cancel_after_a_crash_in_the_cleanup_continues_it() -> None:
    def make() -> Node:
        return Try(
            Step("slow", forever), finally_=Sequence(Step("f", lambda: 1), Step("g", lambda: 2))
        )

    whole = Run(flow_of(make))
    assert cancelled_when(whole, "slow") == "cancelled"
    after = next(f.number for f in whole.watch.frames if "f" in started_in(f))
    run = crashed(whole, after + 1)
    asyncio.run(run.cancel())
    assert run.go().status == "cancelled"
    assert outcomes(run) == {"slow": "cancelled", "f": "finished", "g": "finished"}


def started_in(frame: Frame) -> set[str]:
    return {change.key.id for change in frame.changes if isinstance(change, AttemptStarted)}
