"""Signals in SQLite: which are kept, and which waits are open for them."""

from __future__ import annotations

import json
import shlex
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

from smithers.changes import ENDED, Key, RunStatus
from smithers.errors import AlreadySent, Refused, WrongAnswer
from smithers.forms import Form
from smithers.signals import SentSignal, signal_of
from smithers.store.rows import path_of, time_of
from smithers.store.waking import last_run
from smithers.values import dataclass

__all__ = [
    "MOST_AWAITED",
    "OPEN_WAITS",
    "Awaited",
    "Listening",
    "awaited",
    "check_signal",
    "first_of",
    "free",
    "free_waits",
    "listening",
    "move_signals",
    "status_of",
]

OPEN_WAITS = (
    "SELECT node, path, form, due FROM waits w INDEXED BY waits_for_event"
    " WHERE run_id = ? AND kind = 'event' AND ended IS NULL AND waits_on = ?"
    " AND NOT EXISTS (SELECT 1 FROM resets r WHERE r.run_id = w.run_id AND r.node = w.node"
    " AND r.path = w.path AND r.born > w.born) ORDER BY born, node, path"
)
MOST_AWAITED = 20
"""So many of the events that a run waits for are named to whoever sends another one."""
_AWAITED = (
    "SELECT DISTINCT waits_on FROM waits INDEXED BY waits_for_event"
    f" WHERE run_id = ? AND kind = 'event' AND ended IS NULL ORDER BY waits_on LIMIT {MOST_AWAITED}"
)
_BODY = (
    "json_object('id', id, 'event', event, 'correlation', correlation, 'data', data,"
    " 'by', sent_by, 'login', sent_by)"
)
"""The body of a note of a signal, from its row. A fork has no notes of signals that it inherits."""
_BEFORE = (
    f"SELECT {_BODY}, sent_at, number FROM signals WHERE run_id = :run"
    " AND event = :event AND correlation IS :correlation AND ended IS NULL UNION ALL"
    " SELECT body, at, id FROM inbox WHERE run_id = :run AND signal IS NOT NULL"
    " AND id > (SELECT inbox FROM frames WHERE run_id = :run ORDER BY frame DESC LIMIT 1)"
    " AND json_extract(body, '$.event') = :event"
    " AND json_extract(body, '$.correlation') IS :correlation ORDER BY 3"
)
_TAKEN = (
    "SELECT node, path FROM signals WHERE run_id = ? AND id = ? AND ended IS NOT NULL"
    " AND misfit IS NULL ORDER BY born DESC LIMIT 1"
)
_CHAIN = (
    "(SELECT c.run_id FROM runs c JOIN runs r ON r.run_id = :run"
    " WHERE coalesce(c.first_run, c.run_id) = coalesce(r.first_run, r.run_id))"
)
_FIRST = (
    f"SELECT body, run_id FROM inbox WHERE signal = :id AND run_id IN {_CHAIN}"
    " ORDER BY inbox.id DESC LIMIT 1"
)
_INHERITED = f"SELECT {_BODY}, run_id FROM signals WHERE id = :id AND run_id IN {_CHAIN} LIMIT 1"
_STATUS = "SELECT status, next_run FROM statuses WHERE run_id = ? ORDER BY born DESC LIMIT 1"
_MOVE_INHERITED = (
    f"INSERT INTO inbox (run_id, kind, signal, body, at) SELECT :next, 'signal', id, {_BODY},"
    " sent_at FROM signals s WHERE run_id = :run AND ended IS NULL AND NOT EXISTS"
    " (SELECT 1 FROM inbox i WHERE i.run_id = s.run_id AND i.id = s.number) ORDER BY number"
)
_MOVE = (
    "INSERT INTO inbox (run_id, kind, signal, body, at)"
    " SELECT ?, i.kind, i.signal, i.body, i.at FROM inbox i"
    " LEFT JOIN signals s ON s.run_id = i.run_id AND s.number = i.id"
    " WHERE i.run_id = ? AND i.signal IS NOT NULL AND s.ended IS NULL ORDER BY i.id"
)


@dataclass(frozen=True, kw_only=True)
class Listening:
    """A wait for an event that is open, what the data of a signal must be, and until when it must
    be sent.
    """

    key: Key
    form: Form
    due: datetime | None = None

    def check(self, sent: SentSignal) -> None:
        """Raise `WrongAnswer` if the data does not fit."""
        self.form.check(json.loads(sent.data), what="data", closed=False)


def listening(db: sqlite3.Connection, run_id: str, on: tuple[str, ...]) -> list[Listening]:
    """The open waits of a run for one event and correlation, in the order of their opening."""
    wanted = (run_id, json.dumps(on, ensure_ascii=False))
    return [
        Listening(
            key=Key(node, path_of(path)),
            form=Form.from_row(form),
            due=None if due is None else time_of(due),
        )
        for node, path, form, due in db.execute(OPEN_WAITS, wanted)
    ]


def free(
    open: Sequence[Listening], before: Iterable[tuple[SentSignal, datetime]], at: datetime | None
) -> list[Listening]:
    """The waits that a signal sent at this time can have: each one `before` it that is not taken
    yet takes the first that it fits, and those whose time is over take none. Without a time, all
    are in time: a process drives the run, and decides that by its own clock.
    """
    left = list(open)
    for sent, sent_at in before:
        if not left:
            break
        if (wait := _first_fit(_in_time(left, sent_at), sent)) is not None:
            left.remove(wait)
    return left if at is None else _in_time(left, at)


def _in_time(open: Sequence[Listening], at: datetime) -> list[Listening]:
    return [wait for wait in open if wait.due is None or at < wait.due]


def _first_fit(open: Sequence[Listening], sent: SentSignal) -> Listening | None:
    for wait in open:
        try:
            wait.check(sent)
        except WrongAnswer:
            continue
        return wait
    return None


def free_waits(
    db: sqlite3.Connection, run_id: str, on: tuple[str, ...], at: datetime | None
) -> list[Listening]:
    """The open waits that a signal sent at this time can have; see `free`."""
    if not (open := listening(db, run_id, on)):
        return []
    event, correlation = on[0], on[1] if len(on) > 1 else None
    rows = db.execute(_BEFORE, {"run": run_id, "event": event, "correlation": correlation})
    return free(open, ((signal_of(body), time_of(sent_at)) for body, sent_at, _ in rows), at)


Awaited = tuple[Key | None, Sequence[tuple[str, ...]]]
"""The task that takes a signal, and the first events of all that a run waits for."""


def awaited(db: sqlite3.Connection, run_id: str, sent: SentSignal, at: datetime | None) -> Awaited:
    """Which task takes a signal that is sent at this time, or has taken it if it was sent before;
    and what the run waits for.
    """
    others = [tuple(json.loads(other)) for (other,) in db.execute(_AWAITED, (run_id,))]
    if (first := first_of(db, run_id, sent.id)) is not None:
        taken = db.execute(_TAKEN, (first[1], sent.id)).fetchone()
        return None if taken is None else Key(taken[0], path_of(taken[1])), others
    wait = _first_fit(free_waits(db, run_id, sent.on, at), sent)
    return None if wait is None else wait.key, others


def first_of(db: sqlite3.Connection, run_id: str, id: str) -> tuple[SentSignal, str] | None:
    """The signal of an id that was sent before, and the run that has it: this one, or another of
    those that continue each other.
    """
    asked = {"run": run_id, "id": id}
    row = db.execute(_FIRST, asked).fetchone() or db.execute(_INHERITED, asked).fetchone()
    return None if row is None else (signal_of(row[0]), row[1])


def status_of(db: sqlite3.Connection, run_id: str) -> tuple[RunStatus, str | None]:
    """The status of a run, and the last of the runs as which it has continued."""
    status, next_run = db.execute(_STATUS, (run_id,)).fetchone()
    return status, None if next_run is None else last_run(db, next_run)


def check_signal(
    run_id: str,
    sent: SentSignal,
    first: tuple[SentSignal, str] | None,
    ended: tuple[RunStatus, str | None],
    open: Sequence[Listening],
) -> None:
    """Refuse a signal that was sent before, comes too late, or fits none of the `open` waits that
    it can have. `first` is what was sent with its id before, and which run has it.
    """
    if first is not None:
        known, had_by = first
        if known.is_same(sent):
            error = AlreadySent(f"signal {sent.id} was already sent to run {had_by}")
            error.had_by = had_by
            raise error
        raise Refused(
            f"another signal with the id {sent.id!r} was already sent to run {had_by}",
            hint="nothing was sent; give it another id",
        )
    status, last = ended
    if status in ENDED:
        hint = "list the runs with `smithers ps`"
        if status == "failed":
            hint = f"resume it first with `smithers resume {shlex.quote(run_id)}`, or {hint}"
        if last is not None:
            hint = f"send it to {last}, as which the run has continued"
        raise Refused(f"run {run_id} has ended: it is {status}", hint=hint)
    wrong: WrongAnswer | None = None
    for wait in open:
        try:
            wait.check(sent)
            return
        except WrongAnswer as error:
            wrong = wrong or WrongAnswer(
                f"the data does not fit {wait.key}, which waits for it:\n{error.said}",
                hint=error.hint,
            )
    if wrong is not None:
        raise wrong


def move_signals(db: sqlite3.Connection, run_id: str, next_run: str) -> None:
    """Send what no node of a run has taken to the run as which it continues, in the same order."""
    db.execute(_MOVE_INHERITED, {"next": next_run, "run": run_id})
    db.execute(_MOVE, (next_run, run_id))
