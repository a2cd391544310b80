"""The runs that agents and programs of a run have started, in SQLite: who may start one, what they
have used together, and how they end with the run.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from decimal import Decimal

from smithers.allowed import Above, AllowRuns, check_start
from smithers.amounts import Amounts
from smithers.changes import ENDED, Frame, Key, RunStatus, StatusChanged
from smithers.inbox import CANCEL
from smithers.state import Attempted
from smithers.store import Below, NewRun, Note, RunRow
from smithers.store.inbox import call, put_note
from smithers.store.rows import path_of, time_of
from smithers.store.run_rows import run_row

__all__ = [
    "below",
    "chain_above",
    "check_allowed",
    "is_budgeted",
    "left_below",
    "open_children",
    "stop_body",
    "stop_started",
    "used_by_attempts",
]

_STATUS = "(SELECT status FROM statuses s WHERE s.run_id = r.run_id ORDER BY born DESC LIMIT 1)"
_ABOVE = (
    f"SELECT workflow, file, allow_runs, allow_depth, {_STATUS}, parent, parent_waits FROM runs r"
    " WHERE run_id = ?"
)
_BELOW = (
    "WITH RECURSIVE below(run_id, task, path, started, above, own, is_next) AS ("
    " SELECT run_id, parent_task, parent_path, NOT parent_waits, parent, NOT parent_waits,"
    " first_run IS NOT NULL FROM runs WHERE parent = :run"
    " UNION ALL SELECT r.run_id, b.task, b.path, b.started OR NOT r.parent_waits, r.parent,"
    " NOT r.parent_waits, r.first_run IS NOT NULL FROM runs r JOIN below b ON r.parent = b.run_id)"
)
_STARTED = f"{_BELOW} SELECT count(*) FROM below WHERE own AND NOT is_next"
"""A run that has continued as another one counts once."""

_MEMBERS = f"{_BELOW} SELECT run_id, task, path FROM below WHERE started OR :every"
_LEFT = (
    f"{_BELOW} SELECT r.run_id FROM below r WHERE own AND {_STATUS} NOT IN (:ended)"
    f" AND (SELECT status FROM statuses s WHERE s.run_id = r.above ORDER BY born DESC LIMIT 1)"
    " IN (:ended)"
).replace(":ended", ", ".join(map(repr, sorted(ENDED))))
_OPEN = (
    f"SELECT run_id FROM runs r WHERE parent = ? AND {{}} parent_waits AND {_STATUS} NOT IN"
    f" ({', '.join(map(repr, sorted(ENDED)))})"
)
_ATTEMPTS = (
    "SELECT serial, prompt IS NOT NULL, started_at, ended_at FROM attempts a WHERE run_id = ?"
    " AND NOT EXISTS (SELECT 1 FROM runs c WHERE c.parent = a.run_id AND c.run_id = a.agent)"
)
_USAGE = "SELECT serial, tokens_in, tokens_out, cost_usd, calls FROM usage WHERE run_id = ?"


def chain_above(db: sqlite3.Connection, parent: str) -> list[Above]:
    """The runs above one that a process of `parent` is to start, the nearest one first."""
    found: list[Above] = []
    run_id, level, must_allow = parent, 1, True
    while (row := db.execute(_ABOVE, (run_id,)).fetchone()) is not None:
        workflow, file, number, depth, status, above, waits = row
        (started,) = db.execute(_STARTED, {"run": run_id}).fetchone()
        found.append(
            Above(
                run_id=run_id,
                workflow=workflow,
                file=file,
                allows=AllowRuns(number, depth),
                started=started,
                level=level,
                must_allow=must_allow,
                has_ended=status in ENDED,
            )
        )
        if above is None:
            break
        run_id, level, must_allow = above, level + (not waits), not waits
    return found


def check_allowed(db: sqlite3.Connection, run: NewRun) -> None:
    """Raises `Refused` for a run that a process of another one starts, if that is not allowed."""
    if run.parent is not None and run.is_started_below:
        check_start(chain_above(db, run.parent.run_id))


def below(db: sqlite3.Connection, run_id: str, *, every: bool) -> list[Below]:
    """See `Store.below`."""
    members = db.execute(_MEMBERS, {"run": run_id, "every": every}).fetchall()
    return [
        Below(run_id=one, key=Key(task, path_of(path)), used=_used_of(db, one))
        for one, task, path in members
    ]


def _used_of(db: sqlite3.Connection, run_id: str) -> Amounts:
    serials, calls, time_s = set[int](), 0, 0.0
    for serial, is_call, started, ended in db.execute(_ATTEMPTS, (run_id,)):
        serials.add(serial)
        calls += is_call
        if ended is not None:
            time_s += max(0.0, (time_of(ended) - time_of(started)).total_seconds())
    tokens, usd = 0, Decimal(0)
    for serial, tokens_in, tokens_out, cost, more in db.execute(_USAGE, (run_id,)):
        if serial in serials:
            tokens += tokens_in + tokens_out
            usd += 0 if cost is None else Decimal(cost)
            calls += more
    return Amounts(tokens=tokens, usd=usd, calls=calls, time_s=time_s)


def used_by_attempts(attempts: Iterable[Attempted]) -> Amounts:
    """What attempts have used; their time counts once they have ended."""
    tokens, usd, calls, time_s = 0, Decimal(0), 0, 0.0
    for one in attempts:
        calls += one.is_call
        if one.ended_at is not None:
            time_s += max(0.0, (one.ended_at - one.started_at).total_seconds())
        if one.used is not None:
            tokens += one.used.tokens_in + one.used.tokens_out
            usd += one.used.cost or 0
            calls += one.used.calls
    return Amounts(tokens=tokens, usd=usd, calls=calls, time_s=time_s)


def is_budgeted(db: sqlite3.Connection, run_id: str) -> bool:
    """Whether a node of the run ever had a budget."""
    sql = "SELECT 1 FROM budgets WHERE run_id = ? LIMIT 1"
    return db.execute(sql, (run_id,)).fetchone() is not None


def left_below(db: sqlite3.Connection, run_id: str) -> Sequence[str]:
    """See `Store.left_below`."""
    return [one for (one,) in db.execute(_LEFT, {"run": run_id})]


def open_children(db: sqlite3.Connection, run_id: str) -> list[RunRow]:
    """See `Store.open_children`."""
    return [run_row(db, one) for (one,) in db.execute(_OPEN.format(""), (run_id,)).fetchall()]


def stop_started(db: sqlite3.Connection, run_id: str, frame: Frame) -> int:
    """Have the runs that processes of a run have started end with it; how many were told so."""
    if (body := stop_body(run_id, frame)) is None:
        return 0
    found = db.execute(_OPEN.format("NOT"), (run_id,)).fetchall()
    for (one,) in found:
        note = Note(run_id=one, kind=CANCEL, body=body, at=frame.at)
        call(db, put_note(db, note, frame.at, driven=True))
    return len(found)


def stop_body(run_id: str, frame: Frame) -> str | None:
    """The note to runs that end with a run, if that ends with this frame. One that is cancelled
    cancels them; otherwise they fail, and can be resumed.
    """
    ends: list[RunStatus] = [
        one.status
        for one in frame.changes
        if isinstance(one, StatusChanged) and one.status in ENDED
    ]
    if not ends:
        return None
    why = "cancel" if ends[-1] == "cancelled" else "parent"
    return json.dumps({"by": f"run {run_id}", "now": False, "why": why})
