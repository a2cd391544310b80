"""Who is to be woken: runs that should go on while nobody alive drives them, in SQLite.

Ten thousand waiting runs cost nothing here: each of the three questions goes by an index that
holds only the runs it is about, so the rows of the others are not read.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta

from smithers.changes import ENDED, RunStatus
from smithers.store import CountFree, Owner, Revival, Wakeable, Why
from smithers.store.lease import Beat
from smithers.store.rows import time_of, time_text
from smithers.words import count_of

__all__ = [
    "MOST_STARTS",
    "QUERIES",
    "called",
    "last_run",
    "note_failure",
    "pause_s",
    "reason_to_wake",
    "resumed_by",
    "revive",
    "seat",
    "take_seat",
    "told_up",
    "wakeable",
]

MOST_STARTS = 5
"""So often a run is started again without progress; then it is given up. Starts that failed because
of the machine do not count.
"""

_CALLED = (
    "SELECT run_id FROM runs INDEXED BY runs_called WHERE called IS NOT NULL AND owner IS NULL"
)
_CALLED_OF = (
    "SELECT run_id FROM runs WHERE run_id IN (SELECT value FROM json_each(:runs))"
    " AND owner IS NULL AND (called IS NOT NULL OR wake_at <= :now)"
)
_DUE = "SELECT run_id FROM runs INDEXED BY runs_due WHERE wake_at <= ? AND owner IS NULL"
_OWNED = (
    "SELECT r.run_id, o.owner, o.host, o.pid, o.started, o.beat_ns, o.beat_at"
    " FROM runs r INDEXED BY runs_owned LEFT JOIN owners o ON o.owner = r.owner"
    " WHERE r.owner IS NOT NULL"
)
_STANDS = (
    "SELECT (SELECT status FROM statuses WHERE run_id = r.run_id ORDER BY born DESC LIMIT 1),"
    " r.called IS NOT NULL AND EXISTS (SELECT 1 FROM inbox i WHERE i.run_id = r.run_id"
    " AND i.kind = 'cancel' AND i.id > (SELECT inbox FROM frames f WHERE f.run_id = r.run_id"
    " ORDER BY frame DESC LIMIT 1)), g.gave_up"
    " FROM runs r LEFT JOIN revivals g ON g.run_id = r.run_id WHERE r.run_id = ?"
)
_IN_POOLS = (
    "SELECT r.run_id, w.waits_on, w.asked FROM waits w INDEXED BY waits_for_pools"
    " JOIN runs r ON r.run_id = w.run_id WHERE w.kind = 'pool' AND w.ended IS NULL"
    " AND r.owner IS NULL ORDER BY r.created_at, r.run_id"
)
QUERIES = {
    "called": _CALLED,
    "due": _DUE,
    "owned": _OWNED,
    "stands": _STANDS,
    "in pools": _IN_POOLS,
}
"""What one look for runs to wake asks; a test reads their plans."""

_NEXT = (
    "SELECT next_run FROM"
    " (SELECT next_run FROM statuses WHERE run_id = ? ORDER BY born DESC LIMIT 1)"
    " WHERE next_run IS NOT NULL"
)
"""As its last status says: a fork of a run that has continued has that status too, and is open."""
_STARTED_BELOW = "SELECT 1 FROM runs WHERE run_id = ? AND NOT parent_waits"
_FREE = "SELECT 1 FROM runs WHERE run_id = ? AND owner IS NULL"
_PARENT = (
    "SELECT parent,"
    " (SELECT status FROM statuses WHERE run_id = r.parent ORDER BY born DESC LIMIT 1)"
    " FROM runs r WHERE run_id = ? AND parent_waits"
    " AND EXISTS (SELECT 1 FROM runs p WHERE p.run_id = r.parent)"
)
_PROGRESS = (
    "SELECT max(coalesce((SELECT max(ended) FROM tasks WHERE run_id = :run), -1),"
    " coalesce((SELECT max(ended) FROM attempts WHERE run_id = :run"
    " AND state <> 'interrupted'), -1),"
    " coalesce((SELECT max(ended) FROM waits WHERE run_id = :run), -1),"
    " coalesce((SELECT max(born) FROM choices WHERE run_id = :run), -1))"
)
_Row = tuple[int, int, int, str, str | None, str | None]
_REVIVAL = "SELECT frame, starts, spared, at, gave_up, said FROM revivals WHERE run_id = ?"
_START = (
    "INSERT OR REPLACE INTO revivals (run_id, frame, starts, spared, at, gave_up, said)"
    " VALUES (?, ?, ?, ?, ?, NULL, NULL)"
)
_GIVE_UP = "UPDATE revivals SET gave_up = ? WHERE run_id = ?"
_SEAT = (
    "SELECT o.owner, o.host, o.pid, o.started, o.beat_ns, o.beat_at FROM supervisors s"
    " JOIN owners o ON o.owner = s.owner WHERE s.name = 'supervise'"
)


def reason_to_wake(why: Why, status: RunStatus, cancelled: bool, gave_up: str | None) -> Why | None:
    """Why a run that nobody alive drives is to be woken, or None: it has ended, was given up, or a
    person stopped it, and then an answer alone starts nothing.
    """
    if status in ENDED:
        return None
    if cancelled:
        return "cancel"
    if gave_up is not None or (why in ("answer", "slot") and status != "waiting"):
        return None
    return why


def last_run(db: sqlite3.Connection, run_id: str) -> str:
    """The last of the runs as which a run has continued, or itself."""
    found = run_id
    while (row := db.execute(_NEXT, (found,)).fetchone()) is not None:
        (found,) = row
    return found


def resumed_by(db: sqlite3.Connection, run_id: str) -> str:
    """The run through which a run is resumed: the outermost one that waits for it, or itself. One
    that has continued is resumed as the last run that it has continued as.
    """
    found = last_run(db, run_id)
    while (row := db.execute(_PARENT, (found,)).fetchone()) is not None and row[1] not in ENDED:
        found = row[0]
    return found


def told_up(starts: int, said: str | None) -> str:
    """Why a run is given up, in a sentence."""
    last = f": {said}" if said else "; its process ended without a message"
    return f"it was started {count_of(starts, 'time')} without progress{last}"


def pause_s(starts: int) -> float:
    """How long after the last of so many starts without progress the next one is made."""
    return min(2.0 ** (starts - 1), 60.0)


def wakeable(
    db: sqlite3.Connection,
    now: datetime,
    held: Callable[[Beat], bool],
    count_free: CountFree | None = None,
) -> list[Wakeable]:
    """The runs to be woken, each once, in one snapshot. A child run is woken through the run that
    waits for it, unless that has ended; a living owner of that drives the child itself. One that an
    agent has started is left to it, and to people: an agent has chosen its file.
    """
    found: dict[str, Why] = {}
    if count_free is not None:
        found.update((run_id, "slot") for run_id in _with_slots(db, count_free))
    found.update((run_id, "answer") for (run_id,) in db.execute(_CALLED))
    for (run_id,) in db.execute(_DUE, (time_text(now),)):
        found[run_id] = "due"
    found.update((run_id, "left") for run_id in _left(db, held))
    woken: dict[str, Why] = {}
    for run_id, why in found.items():
        if (reason := _reason(db, run_id, why)) is not None:
            woken[run_id] = reason
    _pass_on(db, woken, found)
    return [Wakeable(run_id=run_id, why=why) for run_id, why in woken.items()]


def _left(db: sqlite3.Connection, held: Callable[[Beat], bool]) -> Iterator[str]:
    """The runs whose owner is gone."""
    lives: dict[str, bool] = {}
    for run_id, *beat in db.execute(_OWNED):
        owner: str = beat[0] or ""  # none, where its row is gone
        if owner not in lives:
            lives[owner] = owner != "" and held(Beat.of((owner, *beat[1:])))
        if not lives[owner]:
            yield run_id


def _with_slots(db: sqlite3.Connection, count_free: CountFree) -> Iterator[str]:
    """The runs for which the pools that they wait for have a slot."""
    free: dict[tuple[str, int], int] = {}
    for run_id, on, asked in db.execute(_IN_POOLS):
        (name,), limit = json.loads(on), int(asked)
        if (pool := (name, limit)) not in free:
            free[pool] = count_free(name, limit)
        if free[pool] > 0 and _reason(db, run_id, "slot") is not None:
            free[pool] -= 1
            yield run_id


def _pass_on(db: sqlite3.Connection, woken: dict[str, Why], found: Collection[str]) -> None:
    """Wake the runs that wait for child runs in place of those, for the reason of those."""
    for run_id, why in list(woken.items()):
        top = run_id if why == "cancel" else resumed_by(db, run_id)
        if why != "cancel" and db.execute(_STARTED_BELOW, (top,)).fetchone() is not None:
            del woken[run_id]
        elif top != run_id:
            del woken[run_id]
            is_free = db.execute(_FREE, (top,)).fetchone() is not None
            if top not in found and is_free and _reason(db, top, "answer") is not None:
                woken[top] = why


def _reason(db: sqlite3.Connection, run_id: str, why: Why) -> Why | None:
    status, cancelled, gave_up = db.execute(_STANDS, (run_id,)).fetchone()
    return reason_to_wake(why, status, bool(cancelled), gave_up)


def called(db: sqlite3.Connection, run_ids: Collection[str], now: datetime) -> set[str]:
    """Which of these runs nobody owns, and were sent a note or are due."""
    asked = {"runs": json.dumps(list(run_ids)), "now": time_text(now)}
    return {run_id for (run_id,) in db.execute(_CALLED_OF, asked)}


def revive(db: sqlite3.Connection, run_id: str, now: datetime) -> Revival:
    """Count a start, unless it is too early for it or there were too many."""
    (progress,) = db.execute(_PROGRESS, {"run": run_id}).fetchone()
    starts = spared = 0
    row: _Row | None = db.execute(_REVIVAL, (run_id,)).fetchone()
    if row is not None and row[0] >= progress:
        _, starts, spared, at, gave_up, said = row
        if gave_up is None and starts - spared >= MOST_STARTS:
            gave_up = told_up(starts - spared, said)
            db.execute(_GIVE_UP, (gave_up, run_id))
        if gave_up is not None:
            return Revival(starts=starts, gave_up=gave_up)
        not_before = time_of(at) + timedelta(seconds=pause_s(starts))
        if time_of(at) <= now < not_before:
            return Revival(starts=starts, not_before=not_before)
    db.execute(_START, (run_id, progress, starts + 1, spared, time_text(now)))
    return Revival(starts=starts + 1)


def note_failure(
    db: sqlite3.Connection, run_id: str, said: str, now: datetime, *, spared: bool
) -> str | None:
    """Keep why the last start failed; why the run is given up, if it was one too many. A `spared`
    failure was the machine's and does not count.
    """
    row: _Row | None = db.execute(_REVIVAL, (run_id,)).fetchone()
    if row is None:
        return None
    _, starts, before, _, gave_up, _ = row
    not_counted = before + spared
    if gave_up is None and starts - not_counted >= MOST_STARTS:
        gave_up = told_up(starts - not_counted, said)
    sql = "UPDATE revivals SET said = ?, gave_up = ?, at = ?, spared = ? WHERE run_id = ?"
    db.execute(sql, (said, gave_up, time_text(now), not_counted, run_id))
    return gave_up


def seat(db: sqlite3.Connection, held: Callable[[Beat], bool]) -> Owner | None:
    """The living process that wakes runs of this store, if one does."""
    row = db.execute(_SEAT).fetchone()
    return holder.owner if row is not None and held(holder := Beat.of(row)) else None


def take_seat(db: sqlite3.Connection, owner: Owner, held: Callable[[Beat], bool]) -> Owner | None:
    """Make a process the one that wakes runs; the living one that is, if it is another."""
    holder = seat(db, held)
    if holder is not None and holder.id != owner.id:
        return holder
    db.execute("INSERT OR REPLACE INTO supervisors VALUES ('supervise', ?)", (owner.id,))
    return None
