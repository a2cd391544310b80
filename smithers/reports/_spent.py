"""What the attempts of a run used, by model. Money is summed as decimal, never as binary."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from smithers.reports._database import Json
from smithers.reports._heads import Head
from smithers.store.rows import time_of

__all__ = ["AttemptSpent", "Spent", "spent_by_attempt"]

_ATTEMPTS = (
    "SELECT serial, task, path, agent, prompt IS NOT NULL, started_at, ended_at FROM attempts"
    " WHERE run_id = ? ORDER BY serial"
)
_USAGE = (
    "SELECT serial, model, tokens_in, tokens_out, tokens_cached, cost_usd, calls FROM usage"
    " WHERE run_id = ? ORDER BY serial, born, n"
)


@dataclass(kw_only=True)
class Spent:
    """What was used. `cost` is None where nobody said; `untold` counts attempts of agents that did
    not say. Time is in whole milliseconds, so that lines add up to their total.
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

    @property
    def data(self) -> Json:
        return {
            "calls": self.calls,
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "tokens_cached": self.tokens_cached,
            "time_s": self.time_ms / 1000,
            "cost_usd": None if self.cost is None else float(self.cost),
            "untold": self.untold,
        }


@dataclass(frozen=True, kw_only=True)
class AttemptSpent:
    """An attempt, and what it spent of each model; its time and its own call are with the first."""

    task: str
    path: str
    agent: str
    models: dict[str | None, Spent]


def spent_by_attempt(db: sqlite3.Connection, head: Head) -> list[AttemptSpent]:
    """The attempts of a run in the order of their starts."""
    usage: dict[int, dict[str | None, Spent]] = {}
    for serial, model, tokens_in, tokens_out, cached, usd, calls in db.execute(
        _USAGE, (head.run_id,)
    ):
        more = Spent(
            calls=calls,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            tokens_cached=cached,
            cost=None if usd is None else Decimal(usd),
        )
        usage.setdefault(serial, {}).setdefault(model, Spent()).add(more)
    found: list[AttemptSpent] = []
    for serial, task, at, agent, is_agent, started, ended in db.execute(_ATTEMPTS, (head.run_id,)):
        models = _main_first(usage.get(serial, {}))
        main = next(iter(models.values()))
        main.time_ms = _time_ms(head, started, ended)
        if is_agent:
            main.calls += 1
            main.untold = int(all(one.cost is None for one in models.values()))
        found.append(AttemptSpent(task=task, path=at, agent=agent, models=models))
    return found


def _main_first(models: dict[str | None, Spent]) -> dict[str | None, Spent]:
    """The models of an attempt, the one that did most of the work first; a repair tells of none."""
    unnamed = models.get(None)
    if unnamed is not None and len(models) > 1 and not unnamed.tokens_in + unnamed.tokens_out:
        del models[None]
        next(iter(models.values())).add(unnamed)
    most = sorted(models.items(), key=lambda one: -(one[1].tokens_in + one[1].tokens_out))
    return dict(most) or {None: Spent()}


def _time_ms(head: Head, started: str, ended: str | None) -> int:
    """How long an attempt ran, or runs; what nobody runs any more, until its last frame."""
    if ended is not None:
        until = time_of(ended)
    else:
        until = datetime.now(UTC) if head.alive else time_of(head.at)
    return max(0, round((until - time_of(started)).total_seconds() * 1000))
