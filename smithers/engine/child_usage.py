"""What child runs use counts in the run that waits for them, as attempts of their nodes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from smithers.amounts import Amounts
from smithers.changes import AttemptEnded, AttemptStarted, Key, UsageCounted
from smithers.engine.transition import Transition
from smithers.state import Attempted, RunState, Total

__all__ = ["ChildUsage", "Models", "count_child"]

_LEAST_S = 0.001
"""Less time than that is not written."""

Models = dict[str | None, Total]


class ChildUsage:
    """What the child runs of a run have used, until the nodes of that have attempts for it."""

    def __init__(self, state: RunState) -> None:
        self._state = state
        self.left: deque[tuple[Key, str, Models, float]] = deque()
        """Of the child runs that were left: the node, the id, what it has used, and the seconds of
        its attempts.
        """

    def add(self, key: Key, run_id: str, child: RunState) -> None:
        """A child run was left: it has ended, waits, or has continued as another one."""
        attempts = child.attempts.values()
        self.left.append((key, run_id, _used_by(attempts), _time_of(attempts)))

    def uncounted(
        self, driven: Iterable[tuple[Key, str, RunState]], now: datetime
    ) -> Iterator[tuple[Key, Amounts]]:
        """What counts by node beyond its attempts: of the runs that were left, and of those that
        are driven as far as they are.
        """
        found = {(key, run_id): (used, time_s) for key, run_id, used, time_s in self.left}
        for key, run_id, child in driven:
            attempts = child.attempts.values()
            found[key, run_id] = _used_by(attempts), _time_of(attempts, now)
        for (key, run_id), (used, time_s) in found.items():
            more = _uncounted(self._state, key, run_id, used).values()
            yield key, _amounts(more, max(0.0, time_s - _counted_s(self._state, key, run_id)))


def _used_by(attempts: Iterable[Attempted]) -> Models:
    """What attempts used of each model; their calls are those of no model."""
    found: Models = {}
    for one in attempts:
        if one.is_call:
            found.setdefault(None, Total()).calls += 1
        for model, used in (one.models or {}).items():
            total = found.setdefault(model, Total())
            found.setdefault(None, Total()).calls += used.calls
            calls = total.calls
            total.add(_counted(0, model, used))
            total.calls = calls
    return found


def _uncounted(state: RunState, key: Key, run_id: str, used: Mapping[str | None, Total]) -> Models:
    """What a child run has used and its node has no attempt for."""
    known = _used_by(one for one in state.tries.get(key, ()) if one.agent == run_id)
    found: Models = {}
    for model, total in used.items():
        before = known.get(model, Total())
        cost = None if total.cost is None else total.cost - (before.cost or 0)
        more = Total(
            total.tokens_in - before.tokens_in,
            total.tokens_out - before.tokens_out,
            total.tokens_cached - before.tokens_cached,
            cost,
            total.calls - before.calls,
        )
        if more.tokens_in or more.tokens_out or more.tokens_cached or more.cost or more.calls:
            found[model] = more
    return found


def _time_of(attempts: Iterable[Attempted], now: datetime | None = None) -> float:
    """The seconds that attempts took; those that run count if there is a `now`."""
    seconds = 0.0
    for one in attempts:
        if (end := one.ended_at or now) is not None:
            seconds += max(0.0, (end - one.started_at).total_seconds())
    return seconds


def _counted_s(state: RunState, key: Key, run_id: str) -> float:
    """The seconds of a child run that its node has attempts for."""
    return _time_of(one for one in state.tries.get(key, ()) if one.agent == run_id)


def count_child(
    frame: Transition,
    key: Key,
    run_id: str,
    used: Mapping[str | None, Total],
    at: datetime,
    *,
    time_s: float,
    least_s: float = _LEAST_S,
) -> None:
    """Write what a child run has used and that was not written yet, as an attempt of its node. It
    took the seconds that attempts of the child took. Time alone is written from `least_s`.
    """
    state = frame.state
    more = _uncounted(state, key, run_id, used)
    took_s = max(0.0, time_s - _counted_s(state, key, run_id))
    if not more and took_s < least_s:
        return
    serial, number = state.last_serial + 1, len(state.tries.get(key, ())) + 1
    started = AttemptStarted(
        serial=serial,
        key=key,
        number=number,
        agent=run_id,
        prompt=None,
        session=None,
        at=at - timedelta(seconds=took_s),
    )
    frame.do(started)
    for model, total in more.items():
        frame.do(_counted(serial, model, total))
    frame.do(AttemptEnded(serial=serial, state="succeeded", error=None, at=at))


def _counted(serial: int, model: str | None, used: Total) -> UsageCounted:
    return UsageCounted(
        serial=serial,
        tokens_in=used.tokens_in,
        tokens_out=used.tokens_out,
        tokens_cached=used.tokens_cached,
        cost=used.cost,
        model=model,
        calls=used.calls,
    )


def _amounts(used: Iterable[Total], time_s: float) -> Amounts:
    totals = list(used)
    return Amounts(
        tokens=sum(one.tokens_in + one.tokens_out for one in totals),
        usd=sum((one.cost or Decimal(0) for one in totals), start=Decimal(0)),
        calls=sum(one.calls for one in totals),
        time_s=time_s,
    )
