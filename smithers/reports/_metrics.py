"""Counts of all runs, for a system that watches them over time.

What is counted only grows, so a count continues from the last one: of each run whose mark is
another by now, it reads the rows of later frames. Nothing is folded. A run that is a fork counts
from its own first frame, since what was copied counts where it happened.
"""

from __future__ import annotations

import builtins
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from threading import Lock
from typing import Final, get_args

from smithers import errors
from smithers.changes import ENDED, AttemptState, Outcome, RunStatus, WaitKind
from smithers.errors import SmithersError
from smithers.reports._counts import COUNTING
from smithers.reports._database import has_runs, reading
from smithers.shapes import is_container
from smithers.store.durations import Durations
from smithers.store.heartbeat import COMMITS
from smithers.store.lease import Beat, is_alive, utc_now
from smithers.store.rows import time_of, time_text
from smithers.store.waking import seat, wakeable
from smithers.values import dataclass
from smithers.views import Status, status_of

__all__ = ["Counted", "Labels", "Metrics"]

Labels = tuple[str, ...]

FRESH_S = 1.0
"""How long a count is given again: however often it is asked for, it is read at most as often."""
MOST_AGENTS = 50
OTHER: Final = "other"
BOUNDS_S = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0)
AGES: Mapping[str, float] = {"1m": 60.0, "1h": 3_600.0, "1d": 86_400.0, "older": float("inf")}
"""The ages by which waits are counted, each with its bound in seconds."""
_ERRORS = frozenset(
    name
    for module, base in ((errors, SmithersError), (builtins, BaseException))
    for name, value in vars(module).items()
    if isinstance(value, type) and issubclass(value, base)
)
"""The classes of errors that are named; those of an author are counted together."""

_DONE: tuple[Outcome, ...] = ("finished", "failed")
"""The ends of tasks that took their time."""

_MARKS = (  # without an owner a run has no new frame, and each claim is another fence
    "SELECT r.run_id, r.created_at, r.fence, r.owner, CASE WHEN r.owner IS NOT NULL"
    " THEN (SELECT max(frame) FROM frames f WHERE f.run_id = r.run_id) END FROM runs r"
)
_RUN = (
    "SELECT (SELECT max(frame) FROM frames f WHERE f.run_id = r.run_id), coalesce(forked_at, -1),"
    " (SELECT status FROM statuses s WHERE s.run_id = r.run_id ORDER BY born DESC LIMIT 1)"
    " FROM runs r WHERE run_id = ?"
)
_TASKS = (
    "SELECT t.state, t.up, (SELECT kind FROM tree n WHERE n.run_id = t.run_id AND n.id = t.task"
    " AND n.born <= t.ended ORDER BY n.born DESC LIMIT 1), b.at, e.at FROM tasks t"
    " CROSS JOIN frames b ON b.run_id = t.run_id AND b.frame = t.born"
    " CROSS JOIN frames e ON e.run_id = t.run_id AND e.frame = t.ended"
    " WHERE t.run_id = ? AND t.ended > ?"
)
_ATTEMPTS = (
    "SELECT serial, state, json_extract(error, '$.kind') FROM attempts"
    " WHERE run_id = :run AND serial > :top AND origin IS NULL UNION ALL"
    " SELECT serial, state, json_extract(error, '$.kind') FROM attempts"
    " WHERE run_id = :run AND serial IN (SELECT value FROM json_each(:open))"
)
_USAGE = (
    "SELECT a.agent, sum(u.tokens_in), sum(u.tokens_out), sum(u.tokens_cached),"
    " total(CAST(u.cost_usd AS REAL)) FROM usage u"
    " JOIN attempts a ON a.run_id = u.run_id AND a.serial = u.serial"
    " WHERE u.run_id = ? AND u.born > ? AND a.origin IS NULL GROUP BY a.agent ORDER BY min(u.born)"
)
_WAITS = (
    "SELECT w.kind, f.at, count(*) FROM waits w"
    " CROSS JOIN frames f ON f.run_id = w.run_id AND f.frame = w.born"
    f" WHERE w.run_id = ? AND w.ended IS NULL AND {COUNTING.format('w', 'node')} GROUP BY 1, 2"
)
_OWNERS = (
    "SELECT owner, host, pid, started, beat_ns, beat_at FROM owners"
    " WHERE owner IN (SELECT owner FROM runs INDEXED BY runs_owned WHERE owner IS NOT NULL)"
)
_SINCE = (
    "SELECT r.wake_at, (SELECT at FROM inbox i WHERE i.id = r.called),"
    " (SELECT beat_at FROM owners o WHERE o.owner = r.owner) FROM runs r WHERE r.run_id = ?"
)
_COOLDOWNS = "SELECT agent, count(*) FROM cooldowns WHERE until > ? GROUP BY agent ORDER BY min(at)"


@dataclass(frozen=True, kw_only=True)
class Counted:
    """The counts at one moment. Labels have a bounded number of values: no ids, and of agents the
    names that came first.
    """

    tasks: Mapping[str, int]
    """How many tasks have settled, by their state."""
    durations: Mapping[str, Durations]
    """By the kind of a task that finished or failed, how long it took from coming up to its end."""
    attempts: Mapping[Labels, int]
    """Attempts that ended, by state and class of error, which is '' for none."""
    tokens: Mapping[Labels, int]
    """Tokens by kind (in, out, cached, which are part of in) and agent."""
    cost_usd: Mapping[str, float]
    runs: Mapping[str, int]
    waits: Mapping[Labels, int]
    """Open waits by kind and age."""
    oldest_wait_s: Mapping[str, float]
    cooldowns: Mapping[str, int]
    owners: Mapping[str, int]
    """Processes that own runs: those that live, and those that are gone."""
    to_wake: int
    """How many runs should be woken."""
    lag_s: float
    """How long the one that has waited longest for that has done so."""
    is_supervised: bool
    commits: Durations
    """The commits of this process's own heartbeat, while it wakes runs."""


@dataclass
class _Run:
    """How far a run is counted, and what is open in it."""

    mark: object = None
    frame: int = -1
    top: int = -1
    open: set[int] = field(default_factory=set[int])
    status: RunStatus = "running"
    owner: str | None = None
    waits: Mapping[Labels, int] = field(default_factory=dict[Labels, int])


class Metrics:
    """Counts the runs of one database, from any thread."""

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
        is_alive: Callable[[Beat], bool] = is_alive,
    ) -> None:
        self._path, self._now, self._clock, self._is_alive = path, now, clock, is_alive
        self._lock = Lock()
        self._last: tuple[float, Counted] | None = None
        self._identity: str | None = None
        self._clear()

    def _clear(self) -> None:
        self._runs: dict[str, _Run] = {}
        self._agents: set[str] = set()
        self._waits: Counter[Labels] = Counter()
        """Open waits by kind and the time when they were opened."""
        self._tasks = Counter[str](dict.fromkeys(get_args(Outcome), 0))
        self._durations: dict[str, Durations] = {}
        self._attempts: Counter[Labels] = Counter(
            {(state, ""): 0 for state in get_args(AttemptState) if state != "running"}
        )
        self._tokens: Counter[Labels] = Counter()
        self._cost_usd: dict[str, float] = {}

    def count(self) -> Counted:
        """The counts, at most a second old. Raises `StoreError`."""
        with self._lock:
            if self._last is None or self._clock() - self._last[0] >= FRESH_S:
                self._last = (self._clock(), self._count())
            return self._last[1]

    def _count(self) -> Counted:
        if not has_runs(self._path):
            self._clear()
            return self._counted(None)
        with reading(self._path) as db:
            (identity,) = db.execute("SELECT id FROM identity").fetchone()
            if identity != self._identity:  # another file is there by now
                self._clear()
                self._identity = identity
            self._read_runs(db)
            return self._counted(db)

    def _read_runs(self, db: sqlite3.Connection) -> None:
        """Count what is new, of older runs first: their agents get names first."""
        moved: list[tuple[str, str, str | None, object]] = []
        for run_id, created_at, fence, owner, last in db.execute(_MARKS):
            mark: object = (fence, owner, last)
            run = self._runs.get(run_id)
            if run is None or run.mark != mark:
                moved.append((created_at, run_id, owner, mark))
        for _, run_id, owner, mark in sorted(moved, key=itemgetter(0, 1)):
            run = self._runs.setdefault(run_id, _Run())
            run.owner = owner
            self._read_run(db, run_id, run)
            run.mark = mark

    def _read_run(self, db: sqlite3.Connection, run_id: str, run: _Run) -> None:
        last, copied, run.status = db.execute(_RUN, (run_id,)).fetchone()
        after = max(run.frame, copied)
        for state, up, kind, begun, ended in db.execute(_TASKS, (run_id, after)):
            if kind is None or is_container(kind):
                continue
            self._tasks[state] += 1
            if up and state in _DONE:
                took_s = (time_of(ended) - time_of(begun)).total_seconds()
                self._durations.setdefault(kind, Durations(BOUNDS_S)).add(max(0.0, took_s))
        self._read_attempts(db, run_id, run)
        for agent, *tokens, cost_usd in db.execute(_USAGE, (run_id, after)):
            name = self._agent(agent)
            for kind, number in zip(("in", "out", "cached"), tokens, strict=True):
                self._tokens[kind, name] += number
            self._cost_usd[name] = self._cost_usd.get(name, 0.0) + cost_usd
        self._waits.subtract(run.waits)
        found = () if run.status in ENDED else db.execute(_WAITS, (run_id,))
        run.waits = {(kind, at): number for kind, at, number in found}
        self._waits.update(run.waits)
        run.frame = last

    def _read_attempts(self, db: sqlite3.Connection, run_id: str, run: _Run) -> None:
        given = {"run": run_id, "top": run.top, "open": json.dumps(sorted(run.open))}
        for serial, state, error in db.execute(_ATTEMPTS, given).fetchall():
            run.top = max(run.top, serial)
            if state is None:
                run.open.add(serial)
                continue
            run.open.discard(serial)
            known = error if error in _ERRORS else OTHER
            self._attempts[state, known if error else ""] += 1

    def _agent(self, name: str) -> str:
        if name not in self._agents and len(self._agents) < MOST_AGENTS:
            self._agents.add(name)
        return name if name in self._agents else OTHER

    def _counted(self, db: sqlite3.Connection | None) -> Counted:
        now = self._now()
        waits, oldest = self._count_waits(now)
        lives = {} if db is None else _owners(db, self._is_alive)
        to_wake, lag_s = (0, 0.0) if db is None else _lag(db, now, self._is_alive)
        cooldowns = Counter[str]()
        for agent, number in () if db is None else db.execute(_COOLDOWNS, (time_text(now),)):
            cooldowns[self._agent(agent)] += number
        runs = Counter[str](dict.fromkeys(get_args(Status), 0))
        for run in self._runs.values():
            runs[status_of(run.status, alive=lives.get(run.owner or "", False))] += 1
        alive = sum(lives.values())
        return Counted(
            tasks=dict(self._tasks),
            durations={kind: one.copy() for kind, one in self._durations.items()},
            attempts=dict(self._attempts),
            tokens=dict(self._tokens),
            cost_usd=dict(self._cost_usd),
            runs=runs,
            waits=waits,
            oldest_wait_s=oldest,
            cooldowns=cooldowns,
            owners={"alive": alive, "gone": len(lives) - alive},
            to_wake=to_wake,
            lag_s=lag_s,
            is_supervised=db is not None and seat(db, self._is_alive) is not None,
            commits=COMMITS.copy(),
        )

    def _count_waits(self, now: datetime) -> tuple[Mapping[Labels, int], Mapping[str, float]]:
        kinds: tuple[str, ...] = get_args(WaitKind)
        waits = Counter[Labels]({(kind, age): 0 for kind in kinds for age in AGES})
        oldest = dict.fromkeys(kinds, 0.0)
        for (kind, at), number in list(self._waits.items()):
            if number == 0:
                del self._waits[kind, at]
                continue
            age_s = max(0.0, (now - time_of(at)).total_seconds())
            waits[kind, next(age for age, bound_s in AGES.items() if age_s < bound_s)] += number
            oldest[kind] = max(oldest[kind], age_s)
        return waits, oldest


def _owners(db: sqlite3.Connection, is_alive: Callable[[Beat], bool]) -> dict[str, bool]:
    """Of each process that owns runs, whether it lives."""
    return {row[0]: is_alive(Beat.of(row)) for row in db.execute(_OWNERS)}


def _lag(
    db: sqlite3.Connection, now: datetime, is_alive: Callable[[Beat], bool]
) -> tuple[int, float]:
    """How many runs should be woken, and for how long that is so of the first of them."""
    found, lag_s = wakeable(db, now, is_alive), 0.0
    for one in found:
        due, called, beat = db.execute(_SINCE, (one.run_id,)).fetchone()
        since = {"due": due, "left": beat}.get(one.why) or called or due or beat
        if since is not None:
            lag_s = max(lag_s, (now - time_of(since)).total_seconds())
    return len(found), lag_s
