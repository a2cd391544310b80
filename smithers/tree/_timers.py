"""A task that waits for a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from smithers.tree._checks import check_number, check_takes, requires_argument, wrong
from smithers.tree._freeze import freeze
from smithers.tree._handles import Handle, shown
from smithers.tree._nodes import Node
from smithers.tree._outputs import output_of
from smithers.tree._places import Mark, here
from smithers.tree._tasks import Task
from smithers.tree._work import TimerWork

__all__ = ["Timer", "checked_time"]


class Timer(Task[datetime]):
    """Waits for a time, with no process if it is far away.

    It waits for `seconds` from when it comes up, or `until` an aware datetime; `until` may be a
    callable that returns one and may read outputs. If the callable has a parameter, it receives the
    time at which the timer comes up, in UTC. A time that has passed is over at once. The output is
    the time at which it was due, in UTC, however late the run came back.
    """

    kind = "timer"
    work: TimerWork  # pyright: ignore[reportIncompatibleVariableOverride]  # set once

    def __init__(
        self,
        id: str,
        *,
        seconds: float | None = None,
        until: datetime | Callable[[], datetime] | Callable[[datetime], datetime] | None = None,
        needs: Iterable[Node | str] = (),
        skip_if: Callable[[], bool] | None = None,
    ) -> None:
        mark, who = here(), f"timer {id!r}"
        if (seconds is None) == (until is None):
            both = "both seconds= and until=" if until is not None else "no time"
            wrong(mark, f"{who} has {both}", "set either seconds=3600, or until= a datetime")
        check_number(mark, "seconds", seconds, 0)
        takes_now = requires_argument(until)
        if callable(until):
            check_takes(mark, f"the until of {who}", until, int(takes_now), "time")
        elif until is not None:
            checked_time(who, until, mark)
        work = TimerWork(seconds=seconds, until=freeze(until, mark), takes_now=takes_now)
        self._become(id, mark, work, output_of(datetime), None, "fail", needs, skip_if)


def checked_time(who: str, given: object, mark: Mark) -> datetime:
    """A time that has a zone. Raises `AuthorError`."""
    what = f"the until of {who}"
    if isinstance(given, Handle):
        hint = "read its output with ctx[task] in a callable: until=lambda: ctx[task]"
        wrong(mark, f"{what} must be a datetime, not {shown(given)}", hint)
    if not isinstance(given, datetime):
        hint = "for example until=datetime(2026, 12, 1, 9, tzinfo=ZoneInfo('Europe/Berlin'))"
        wrong(mark, f"{what} must be a datetime, not {shown(given)}", hint)
    if given.utcoffset() is None:
        hint = "pass a zone, for example tzinfo=ZoneInfo('Europe/Berlin') or tzinfo=UTC"
        wrong(mark, f"{what} is {given.isoformat()}, which has no time zone", hint)
    try:
        given.astimezone(UTC)
    except OverflowError:
        wrong(mark, f"{what} is {given.isoformat()}, which is out of range in UTC")
    return given
