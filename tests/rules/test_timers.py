"""A timer waits for seconds or until a time; days take no process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from smithers import Context, ForEach, Loop, Node, NoInput, Parallel, Sequence, Step, Timer
from smithers import workflow as define
from smithers.changes import Key
from smithers.errors import AuthorError
from tests.rules.runs import Clock, Run
from tests.rules.test_clocks import Driven

DAY_S = 24 * 3600
BERLIN = timezone(timedelta(hours=1))


def of(make: Callable[[], Node[Any]], clock: Clock | None = None) -> Run:
    @define
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return make()

    return Run(flow, now=clock or Clock(), linger_s=1)


def wait(seconds: float, clock: Clock) -> Run:
    @define
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        timer = Timer("timer", seconds=seconds)
        return Sequence(timer, Step("after", lambda: f"{ctx[timer]:%d %H:%M}"))

    return Run(flow, now=clock, linger_s=1)


def test_three_days_take_no_process() -> None:
    clock = Clock()
    run = wait(3 * DAY_S, clock)
    ended = run.drive_to_end()
    assert ended.status.status == "waiting"
    assert ended.wake_at == clock() + timedelta(days=3)
    clock.pass_s(3 * DAY_S - 10)
    assert run.go().status == "waiting"
    clock.pass_s(10)
    assert run.go().status == "finished"
    assert run.output("after") == '"05 03:04"'


def test_its_output_is_when_it_was_due_however_late_the_run_comes_back() -> None:
    clock = Clock()
    run = wait(60, clock)
    run.go()
    clock.pass_s(30 * DAY_S)
    assert run.go().status == "finished"
    assert run.output("timer") == '"2026-01-02T03:05:00Z"'


def test_a_time_that_has_passed_is_over_at_once() -> None:
    before = datetime(2020, 1, 1, tzinfo=UTC)
    run = of(lambda: Parallel(Timer("past", until=before), Timer("now", seconds=0)))
    assert run.go().status == "finished"
    assert run.output("past") == '"2020-01-01T00:00:00Z"'


def test_until_may_read_outputs_and_keeps_what_it_gave() -> None:
    clock, called = Clock(), list[int]()

    @define
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        day = Step("day", lambda: 9)

        def until() -> datetime:
            called.append(1)
            return datetime(2026, 1, ctx[day], 9, tzinfo=BERLIN)

        timer = Timer("timer", until=until)
        return Sequence(day, timer, Step("after", lambda: ctx[timer].isoformat()))

    run = Run(flow, now=clock, linger_s=1)
    assert run.drive_to_end().wake_at == datetime(2026, 1, 9, 8, tzinfo=UTC)
    opened = run.state.waits[Key("timer"), "timer"].opened
    assert opened.asked == "2026-01-09T09:00:00+01:00"
    before = len(called)
    clock.pass_s(7 * DAY_S + 5 * 3600)
    assert run.go().status == "finished"
    assert len(called) == before
    assert run.output("after") == '"2026-01-09T08:00:00+00:00"'


def nothing(clock: Clock, seconds: float) -> None:
    """Time does not pass."""


@pytest.mark.parametrize(
    ("change", "of_seconds", "of_calendar"),
    [
        (Clock.sleep_s, "finished", "finished"),
        (Clock.pass_s, "finished", "finished"),
        (Clock.set_by_s, "cancelled", "finished"),
        (nothing, "cancelled", "cancelled"),
    ],
    ids=["the lid was closed", "time passed", "the clock was set", "nothing happened"],
)
def test_each_goes_by_its_clock(
    change: Callable[[Clock, float], None], of_seconds: str, of_calendar: str
) -> None:
    """Seconds count sleep and never how a clock is set; a time that was named is the calendar's."""

    async def test(make: Callable[[Clock], Node[Any]], ends: str) -> None:
        driven = Driven(make)
        await driven.until_it_waits("timer")
        change(driven.clock, DAY_S)
        if ends != "finished":
            await driven.stays()
            await driven.run.cancel()
        assert (await driven.ends()).status == ends

    hour = timedelta(hours=1)
    asyncio.run(test(lambda clock: Timer("timer", seconds=3600), of_seconds))
    asyncio.run(test(lambda clock: Timer("timer", until=clock() + hour), of_calendar))


def test_a_timer_in_each_iteration_and_item_waits_for_itself() -> None:
    clock = Clock()

    @define
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        each = ForEach([1, 2], key=str, each=lambda n: Timer(f"t{n}", seconds=60 * n))
        last = Step("last", lambda: 1)
        return Loop(each, last, until=lambda: False, max_iterations=2, on_exhausted="finish")

    run = Run(flow, now=clock, linger_s=1)
    for _ in range(4):
        assert run.go().status == "waiting"
        clock.pass_s(60)
    assert run.go().status == "finished"
    assert run.output("t2", 1) == '"2026-01-02T03:08:00Z"'


def test_it_is_skipped_and_needs_as_any_task_does() -> None:
    bad = Step("bad", lambda: 1 / 0, on_failure="continue")
    skipped = Timer("skipped", seconds=1, skip_if=lambda: True)
    run = of(lambda: Parallel(bad, skipped, Timer("needy", seconds=1, needs=[bad])))
    assert run.go().status == "failed"
    assert run.outcome("skipped") == "skipped"
    assert run.outcome("needy") == "failed"


@pytest.mark.parametrize(
    ("gave", "said"),
    [
        (datetime(2026, 1, 9), "has no time zone"),
        ("2026-01-09", "must be a datetime, not '2026-01-09'"),
        (datetime.max.replace(tzinfo=timezone(-timedelta(hours=9))), "is out of range in UTC"),
    ],
)
def test_a_callable_that_gives_no_time_fails_the_timer_at_its_line(gave: Any, said: str) -> None:
    first = Step("first", lambda: 1)
    ended = of(lambda: Sequence(first, Timer("timer", until=lambda: gave))).go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert said in ended.error.message
    assert ended.error.place is not None


def test_until_may_take_the_time_at_which_the_timer_comes_up() -> None:
    clock = Clock()
    seen = list[datetime]()

    @define
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        def tomorrow(now: datetime) -> datetime:
            seen.append(now)
            day = now.astimezone(BERLIN) + timedelta(days=1)
            return day.replace(hour=9, minute=0)

        first = Timer("first", seconds=600)
        return Sequence(first, Timer("morning", until=tomorrow))

    run = Run(flow, now=clock, linger_s=1)
    assert run.go().status == "waiting"
    assert seen == []
    clock.pass_s(900)
    assert run.drive_to_end().wake_at == datetime(2026, 1, 3, 8, tzinfo=UTC)
    assert seen == [clock()]
    clock.pass_s(2 * DAY_S)
    assert run.go().status == "finished"
    assert len(seen) == 1  # a process that resumes the run takes the time from the row
    assert run.output("morning") == '"2026-01-03T08:00:00Z"'


def test_until_takes_one_argument_at_most() -> None:
    with pytest.raises(AuthorError, match="the until of timer 'w' must take one argument, the ti"):
        Timer("w", until=lambda now, then: now)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the point of it
