"""What child runs use counts in the run that waits for them, as attempts of their nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from smithers.changes import AttemptEnded, AttemptStarted, Key, UsageCounted
from smithers.engine.transition import Transition
from smithers.state import Attempted, RunState, Total

__all__ = ["Models", "count_child", "counted_s", "time_of", "uncounted", "used_by"]

_LEAST_S = 0.001
"""Less time than that is not written."""

Models = dict[str | None, Total]


def used_by(attempts: Iterable[Attempted]) -> Models:
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


def uncounted(state: RunState, key: Key, run_id: str, used: Mapping[str | None, Total]) -> Models:
    """What a child run has used and its node has no attempt for."""
    known = used_by(one for one in state.tries.get(key, ()) if one.agent == run_id)
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


def time_of(attempts: Iterable[Attempted], now: datetime | None = None) -> float:
    """The seconds that attempts took; those that run count if there is a `now`."""
    seconds = 0.0
    for one in attempts:
        if (end := one.ended_at or now) is not None:
            seconds += max(0.0, (end - one.started_at).total_seconds())
    return seconds


def counted_s(state: RunState, key: Key, run_id: str) -> float:
    """The seconds of a child run that its node has attempts for."""
    return time_of(one for one in state.tries.get(key, ()) if one.agent == run_id)


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
    more = uncounted(state, key, run_id, used)
    took_s = max(0.0, time_s - counted_s(state, key, run_id))
    if not more and took_s < least_s:
        return
    serial, number = len(state.attempts) + 1, len(state.tries.get(key, ())) + 1
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
