"""The inbox in SQLite: notes of others, kept in order, an answer once per wait."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from smithers import waits
from smithers.changes import ENDED, Frame, Key, StatusChanged, UsageCounted
from smithers.errors import Refused
from smithers.inbox import CHILD_ENDED, SIGNAL
from smithers.signals import signal_of
from smithers.store import InboxRow, Note
from smithers.store.answers import Asked, check_answer
from smithers.store.rows import path_of, path_text, time_of, time_text
from smithers.store.signals import check_signal, first_of, free_waits, listening, status_of

__all__ = [
    "call",
    "end_body",
    "end_of",
    "has_taker",
    "inbox_rows",
    "put_note",
    "tell_parent",
    "unread_signals",
]

_COLUMNS = "SELECT id, kind, node, path, opened, signal, body, at FROM inbox i WHERE run_id = ?"
_ROWS = f"{_COLUMNS} AND id > ? ORDER BY id"
_UNREAD = (
    f"{_COLUMNS} AND signal IS NOT NULL AND NOT EXISTS (SELECT 1 FROM signals s"
    " WHERE s.run_id = i.run_id AND s.number = i.id) ORDER BY id"
)
_PUT = (
    "INSERT INTO inbox (run_id, kind, node, path, opened, signal, body, at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_PARENT = (
    "SELECT r.parent, r.parent_task, r.parent_path, r.first_run FROM runs r"
    " JOIN runs p ON p.run_id = r.parent WHERE r.run_id = ? AND r.parent_waits"
)
_CALLS = "SELECT count(*) FROM attempts WHERE run_id = ? AND prompt IS NOT NULL"
_TIMES = "SELECT started_at, ended_at FROM attempts WHERE run_id = ? AND ended_at IS NOT NULL"
_USED = (
    "SELECT model, tokens_in, tokens_out, tokens_cached, cost_usd, calls FROM usage"
    " WHERE run_id = ?"
)
_FIRST = (
    "SELECT body FROM inbox"
    " WHERE run_id = ? AND node = ? AND path = ? AND opened = ? AND kind = 'answer'"
)
_ASKED = (
    "SELECT w.ended IS NOT NULL OR EXISTS (SELECT 1 FROM resets r WHERE r.run_id = w.run_id"
    " AND r.node = w.node AND r.path = w.path AND r.born > w.born), w.answer, w.due FROM waits w"
    " WHERE w.run_id = ? AND w.node = ? AND w.path = ? AND w.born = ?"
    f" AND w.kind IN ({', '.join(map(repr, waits.ASKING))})"
)


def inbox_rows(db: sqlite3.Connection, run_id: str, after: int) -> list[InboxRow]:
    """The notes of a run with ids above `after`, in order."""
    return _rows_of(db.execute(_ROWS, (run_id, after)), run_id)


def unread_signals(db: sqlite3.Connection, run_id: str) -> list[InboxRow]:
    """The signals of a run that no frame has taken, in order."""
    return _rows_of(db.execute(_UNREAD, (run_id,)), run_id)


def _rows_of(rows: Iterable[tuple[Any, ...]], run_id: str) -> list[InboxRow]:
    return [
        InboxRow(
            run_id=run_id,
            kind=kind,
            key=None if node is None else Key(node, path_of(path)),
            opened=opened,
            signal=signal,
            body=body,
            at=time_of(at),
            id=id,
        )
        for id, kind, node, path, opened, signal, body, at in rows
    ]


def put_note(db: sqlite3.Connection, note: Note, now: datetime, *, driven: bool) -> InboxRow:
    """Keep a note of a run that exists. Raises `AlreadyDecided` or `Refused` for an answer, and
    `AlreadySent` or `Refused` for a signal.
    """
    node, path = (None, None) if note.key is None else (note.key.id, path_text(note.key.path))
    if note.kind == "answer":
        if note.key is None or note.opened is None:
            raise Refused("an answer must name the task and the frame in which it was asked")
        wait = (note.run_id, node, path, note.opened)
        first = db.execute(_FIRST, wait).fetchone()
        check_answer(note, first and first[0], _asked(db, wait), now, driven=driven)
    if note.kind == SIGNAL:
        sent, run_id = signal_of(note.body), note.run_id
        first = first_of(db, run_id, sent.id)
        open = free_waits(db, run_id, sent.on, None if driven else now)
        check_signal(run_id, sent, first, status_of(db, run_id), open)
    about = (note.run_id, note.kind, node, path, note.opened, note.signal)
    row = (*about, note.body, time_text(note.at))
    id = db.execute(_PUT, row).lastrowid
    assert id is not None  # an INSERT that succeeded has an id
    return InboxRow(
        run_id=note.run_id,
        kind=note.kind,
        key=note.key,
        opened=note.opened,
        signal=note.signal,
        body=note.body,
        at=note.at,
        id=id,
    )


def has_taker(db: sqlite3.Connection, note: Note) -> bool:
    """Whether an owner has something to do with a note: with a signal, if a wait is open for it."""
    if note.kind != SIGNAL:
        return True
    return bool(listening(db, note.run_id, signal_of(note.body).on))


def call(db: sqlite3.Connection, row: InboxRow) -> None:
    """Have the run of a note woken, until a frame takes the note."""
    db.execute("UPDATE runs SET called = ? WHERE run_id = ?", (row.id, row.run_id))
    db.execute("DELETE FROM revivals WHERE run_id = ?", (row.run_id,))


def end_of(frame: Frame) -> StatusChanged | None:
    """How a run has ended with a frame; None if it has not, or has continued as another one."""
    for change in frame.changes:
        if isinstance(change, StatusChanged) and change.status in ENDED:
            return None if change.status == "continued" else change
    return None


def end_body(
    run_id: str,
    first: str | None,
    end: StatusChanged,
    calls: int,
    used: Iterable[UsageCounted],
    time_s: float,
) -> str:
    """The note to the parent of a run that has ended, with what it has used in all. It is of the
    run that was started there, the `first` one if that has continued as this one.
    """
    error = None if end.error is None else end.error.to_json()
    usage = [[u.model, u.tokens_in, u.tokens_out, u.tokens_cached, _usd(u), u.calls] for u in used]
    row = {
        "run": first or run_id,
        "last": run_id,
        "status": end.status,
        "output": end.output,
        "error": error,
    }
    return json.dumps({**row, "calls": calls, "usage": usage, "time_s": time_s}, ensure_ascii=False)


def _usd(used: UsageCounted) -> str | None:
    return None if used.cost is None else format(used.cost, "f")


def tell_parent(db: sqlite3.Connection, run_id: str, frame: Frame) -> int:
    """Put the end of a child run into the inbox of its parent; the number of notes written."""
    end = end_of(frame)
    found = None if end is None else db.execute(_PARENT, (run_id,)).fetchone()
    if found is None or end is None:
        return 0
    parent, task, path, first = found
    (calls,) = db.execute(_CALLS, (run_id,)).fetchone()
    used = [
        UsageCounted(
            serial=0,
            model=model,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            tokens_cached=cached,
            cost=None if usd is None else Decimal(usd),
            calls=more,
        )
        for model, tokens_in, tokens_out, cached, usd, more in db.execute(_USED, (run_id,))
    ]
    took = [time_of(ended) - time_of(began) for began, ended in db.execute(_TIMES, (run_id,))]
    time_s = sum((max(one, timedelta()) for one in took), start=timedelta()).total_seconds()
    body = end_body(run_id, first, end, calls, used, time_s)
    note = Note(
        run_id=parent, kind=CHILD_ENDED, key=Key(task, path_of(path)), body=body, at=frame.at
    )
    call(db, put_note(db, note, frame.at, driven=True))
    return 1


def _asked(db: sqlite3.Connection, wait: tuple[object, ...]) -> Asked | None:
    row = db.execute(_ASKED, wait).fetchone()
    if row is None:
        return None
    over, answer, due = row
    return Asked(over=bool(over), answer=answer, due=None if due is None else time_of(due))
