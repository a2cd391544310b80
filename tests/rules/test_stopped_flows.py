"""A flow that is stopped: its calls stop, it is told so where it awaits, and it may clean up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest

from smithers import (
    Context,
    Flow,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Try,
    Workflow,
    workflow,
)
from smithers import Run as FlowRun
from smithers.changes import Settled
from tests.rules.resuming import crashed
from tests.rules.runs import Run
from tests.rules.test_cleaning_up import cancelled_when, forever, outcomes, starts

None_ = FlowRun[None]
Nothing = FlowRun[NoInput]


def flow_of(
    run: Callable[[Nothing], Coroutine[Any, Any, Any]], **limits: Any
) -> Workflow[Any, Any]:
    made: Workflow[Any, Any] = cast("Any", workflow(**limits))(run)
    return made


def tree_of(make: Callable[[], Node[Any]], **limits: Any) -> Workflow[Any, Any]:
    def flow(ctx: Context[NoInput]) -> Node:
        return make()

    made: Workflow[Any, Any] = cast("Any", workflow(**limits))(flow)
    return made


async def tidy(run: FlowRun[Any]) -> str:
    """Waits for `slow`, and cleans up with two calls, one of them in a gather."""
    await run.step("a", lambda: "a")
    try:
        await run.step("slow", forever)
        await run.step("never", lambda: 1)
    finally:
        await run.step("f", lambda: "f")
        await run.gather(run.step("g", lambda: "g"), run.step("h", lambda: "h"))
    return "done"


def boom() -> str:
    raise OSError("boom")


def test_a_cancelled_flow_cleans_up_before_the_run_ends() -> None:
    run = Run(flow_of(tidy))
    assert cancelled_when(run, "slow") == "cancelled"
    assert starts(run) == ["a", "slow", "f", "g", "h"]
    found = outcomes(run)
    assert found.pop("slow") == "cancelled"
    assert set(found.values()) == {"finished"}


def test_a_crash_in_the_cleanup_of_a_cancelled_flow_repeats_nothing_of_it() -> None:
    whole = Run(flow_of(tidy))
    assert cancelled_when(whole, "slow") == "cancelled"
    stopped = next(
        frame.number
        for frame in whole.watch.frames
        if any(isinstance(one, Settled) and one.key.id == "slow" for one in frame.changes)
    )
    for after in range(stopped + 1, len(whole.watch.frames)):
        run = crashed(whole, after)
        settled = set(outcomes(run))
        done = len(run.starts)
        assert run.go().status == "cancelled"
        again = [start.partition("#")[0] for start in run.starts[done:]]
        assert settled.isdisjoint(again), after
        assert outcomes(run) == outcomes(whole), after


def test_what_stops_a_flow_is_raised_where_it_awaits_and_nothing_else_starts() -> None:
    seen: list[str] = []

    async def flow(run: Nothing) -> None:
        try:
            await run.gather(run.step("slow", forever), run.step("other", forever))
        except asyncio.CancelledError:
            seen.append("told")
            raise
        finally:
            seen.append("left")

    run = Run(flow_of(flow))
    assert cancelled_when(run, "other") == "cancelled"
    assert seen[-2:] == ["told", "left"]
    assert sorted(starts(run)) == ["other", "slow"]


def test_a_flow_that_swallows_its_cancellation_ends_cancelled_all_the_same() -> None:
    async def flow(run: Nothing) -> str:
        try:
            await run.step("slow", forever)
        except asyncio.CancelledError:
            await run.step("note", lambda: 1)
        return "fine"

    run = Run(flow_of(flow))
    assert cancelled_when(run, "slow") == "cancelled"
    assert starts(run) == ["slow", "note"]


def test_a_coroutine_of_a_gather_that_is_stopped_cleans_up_too() -> None:
    async def part(run: Nothing, name: str) -> None:
        try:
            await run.step(f"slow {name}", forever)
        finally:
            await run.step(f"f {name}", lambda: 1)

    async def flow(run: Nothing) -> None:
        try:
            await run.gather(part(run, "one"), part(run, "two"), part(run, "three"), limit=2)
        finally:
            await run.step("f", lambda: 1)

    run = Run(flow_of(flow))
    assert cancelled_when(run, "slow two") == "cancelled"
    assert sorted(starts(run)) == ["f", "f one", "f two", "slow one", "slow two"]
    assert starts(run)[-1] == "f"


def test_a_flow_inside_a_flow_cleans_up_before_the_outer_one() -> None:
    async def flow(run: Nothing) -> None:
        try:
            await run.flow("in", tidy, input=None)
        finally:
            await run.step("outer", lambda: 1)

    run = Run(flow_of(flow))
    assert cancelled_when(run, "in/slow") == "cancelled"
    assert starts(run) == ["in/a", "in/slow", "in/f", "in/g", "in/h", "outer"]


def test_the_cleanup_of_a_flow_takes_no_longer_than_the_grace_of_the_workflow() -> None:
    async def flow(run: Nothing) -> None:
        try:
            await run.step("slow", forever)
        finally:
            await run.step("f", forever)
            await run.step("g", lambda: 1)

    run = Run(flow_of(flow, grace_s=0.2))
    assert cancelled_when(run, "slow") == "cancelled"
    assert outcomes(run) == {"slow": "cancelled", "f": "cancelled"}


def test_at_a_deadline_a_flow_cleans_up_and_a_resume_with_more_time_continues() -> None:
    fast: list[bool] = []

    async def slow() -> str:
        if not fast:
            await forever()
        return "done"

    async def flow(run: Nothing) -> str:
        try:
            await run.step("slow", slow)
            return await run.step("then", lambda: "then")
        finally:
            await run.step("f", lambda: "f")

    run = Run(flow_of(flow, deadline_s=0.3))
    status = run.go()
    assert (status.status, status.error and status.error.kind) == ("failed", "DeadlineExceeded")
    assert outcomes(run) == {"slow": "cancelled", "f": "finished"}
    fast.append(True)
    run.workflow = flow_of(flow, deadline_s=3600.0)
    assert run.go().status == "finished"
    assert starts(run) == ["slow", "f", "slow", "then"]


@pytest.mark.parametrize("stops", ["finish", "cancel"])
def test_a_flow_whose_sibling_fails_does_not_continue(stops: Any) -> None:
    started, failing = asyncio.Event(), asyncio.Event()

    async def fails() -> None:
        await started.wait()
        failing.set()
        raise OSError("boom")

    async def slow() -> str:
        started.set()
        await failing.wait()
        if stops == "cancel":
            await forever()
        for _ in range(20):
            await asyncio.sleep(0)
        return "slow"

    async def part(run: None_) -> str:
        try:
            await run.step("slow", slow)
            return await run.step("never", lambda: "never")
        finally:
            await run.step("f", lambda: "f")

    def make() -> Node:
        return Parallel(Step("bad", fails), Flow("part", part), on_failure=stops)

    run = Run(tree_of(make))
    assert run.go().status == "failed"
    assert starts(run) == ["bad", "part/slow", "part/f"]
    expected = "cancelled" if stops == "cancel" else "finished"
    assert outcomes(run)["part/slow"] == expected


def test_a_flow_that_has_not_begun_is_not_told_anything() -> None:
    seen: list[str] = []

    async def part(run: None_) -> None:
        seen.append("began")

    run = Run(tree_of(lambda: Sequence(Step("slow", forever), Flow("part", part))))
    assert cancelled_when(run, "slow") == "cancelled"
    assert seen == []


def test_a_flow_in_a_try_is_caught_and_its_own_cleanup_comes_first() -> None:
    async def part(run: None_) -> None:
        try:
            await run.step("bad", boom)
        finally:
            await run.step("f", lambda: 1)

    def make() -> Node:
        return Try(
            Flow("part", part), catch=Step("caught", lambda: 1), finally_=Step("last", lambda: 1)
        )

    run = Run(tree_of(make))
    assert run.go().status == "finished"
    assert starts(run) == ["part/bad", "part/f", "caught", "last"]
