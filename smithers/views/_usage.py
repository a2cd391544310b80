"""What attempts used, by model. Money is summed as decimal, never as binary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from smithers.values import dataclass

if TYPE_CHECKING:
    from smithers.state import Attempted, Total
    from smithers.views._snapshot import Snapshot

__all__ = ["AttemptSpent", "Spent", "Usage", "spent_by_attempt", "spent_by_model", "usage_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """Tokens, and US dollars; `cost` is None if nobody reported it."""

    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    cost: Decimal | None = None


_NONE = Usage()


def usage_of(total: Total | None) -> Usage:
    if total is None:
        return _NONE
    return Usage(
        tokens_in=total.tokens_in,
        tokens_out=total.tokens_out,
        tokens_cached=total.tokens_cached,
        cost=total.cost,
    )


@dataclass(kw_only=True)
class Spent:
    """What was used. `cost` is None if nobody reported it; `untold` counts attempts of agents that
    did not report it. Time is in whole milliseconds, so that lines add up to their total.
    """

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    time_ms: int = 0
    cost: Decimal | None = None
    untold: int = 0

    def add(self, more: Spent) -> None:
        self.calls += more.calls
        self.tokens_in += more.tokens_in
        self.tokens_out += more.tokens_out
        self.tokens_cached += more.tokens_cached
        self.time_ms += more.time_ms
        self.untold += more.untold
        if more.cost is not None:
            self.cost = (self.cost or Decimal(0)) + more.cost


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptSpent:
    """An attempt, and what it spent of each model; its time and its own call are with the first."""

    attempt: Attempted
    models: dict[str | None, Spent]


def spent_by_attempt(snapshot: Snapshot) -> Iterator[AttemptSpent]:
    """The attempts of a run in the order of their starts."""
    for attempt in attempts_in_order(snapshot):
        models = spent_by_model(attempt.models or {}, is_call=attempt.is_call)
        next(iter(models.values())).time_ms = _time_ms(snapshot, attempt)
        yield AttemptSpent(attempt=attempt, models=models)


def spent_by_model(used: dict[str | None, Total], *, is_call: bool) -> dict[str | None, Spent]:
    """What an attempt spent of each model, without its time; its own call is with the first."""
    models = _main_first(used)
    if is_call:
        main = next(iter(models.values()))
        main.calls += 1
        main.untold = int(all(one.cost is None for one in models.values()))
    return models


def attempts_in_order(snapshot: Snapshot) -> Iterable[Attempted]:
    attempts = snapshot.state.attempts
    return (attempts[serial] for serial in sorted(attempts))


def _main_first(totals: dict[str | None, Total]) -> dict[str | None, Spent]:
    """The models of an attempt, the one that did most of the work first; a repair names none."""
    models = {name: _spent(total) for name, total in totals.items()}
    unnamed = models.get(None)
    if unnamed is not None and len(models) > 1 and not unnamed.tokens_in + unnamed.tokens_out:
        del models[None]
        _most_used(models)[0][1].add(unnamed)
    return dict(_most_used(models)) or {None: Spent()}


def _most_used(models: dict[str | None, Spent]) -> list[tuple[str | None, Spent]]:
    def order(one: tuple[str | None, Spent]) -> tuple[int, str]:
        return -(one[1].tokens_in + one[1].tokens_out), one[0] or ""

    return sorted(models.items(), key=order)


def _spent(total: Total) -> Spent:
    return Spent(
        calls=total.calls,
        tokens_in=total.tokens_in,
        tokens_out=total.tokens_out,
        tokens_cached=total.tokens_cached,
        cost=total.cost,
    )


def _time_ms(snapshot: Snapshot, attempt: Attempted) -> int:
    """How long an attempt has been running; one that nobody runs any more, until its last frame."""
    until: datetime | None = attempt.ended_at
    if until is None:
        state = snapshot.state
        until = snapshot.now if snapshot.alive else state.time_of(state.frame)
    return max(0, round((until - attempt.started_at).total_seconds() * 1000))
