"""Signals in SQLite: which are kept, and which waits are open for them."""

from __future__ import annotations

import json
import shlex
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from smithers.changes import ENDED, Key, RunStatus
from smithers.errors import AlreadySent, Refused, WrongAnswer
from smithers.forms import Form
from smithers.signals import SentSignal, signal_of
from smithers.store.rows import path_of

__all__ = [
    "MOST_AWAITED",
    "OPEN_WAITS",
    "Awaited",
    "Listening",
    "awaited",
    "check_signal",
    "first_of",
    "listening",
    "move_signals",
    "status_of",
]

OPEN_WAITS = (
    "SELECT node, path, form FROM waits w INDEXED BY waits_for_event"
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
_FIRST = "SELECT body FROM inbox WHERE run_id = ? AND signal = ?"
_STATUS = "SELECT status, next_run FROM statuses WHERE run_id = ? ORDER BY born DESC LIMIT 1"
_MOVE = (
    "INSERT INTO inbox (run_id, kind, signal, body, at)"
    " SELECT ?, i.kind, i.signal, i.body, i.at FROM inbox i"
    " LEFT JOIN signals s ON s.run_id = i.run_id AND s.number = i.id"
    " WHERE i.run_id = ? AND i.signal IS NOT NULL AND s.ended IS NULL ORDER BY i.id"
)


@dataclass(frozen=True, kw_only=True)
class Listening:
    """A wait for an event that is open, and what the data of a signal must be."""

    key: Key
    form: Form


def listening(db: sqlite3.Connection, run_id: str, on: tuple[str, ...]) -> list[Listening]:
    """The open waits of a run for one event and correlation, in the order of their opening."""
    wanted = (run_id, json.dumps(on, ensure_ascii=False))
    return [
        Listening(key=Key(node, path_of(path)), form=Form.from_row(form))
        for node, path, form in db.execute(OPEN_WAITS, wanted)
    ]


Awaited = tuple[Sequence[Listening], Sequence[tuple[str, ...]]]
"""The open waits for one event and correlation, and the first of all that a run waits for."""


def awaited(db: sqlite3.Connection, run_id: str, on: tuple[str, ...]) -> Awaited:
    """What a run waits for, of this event and correlation and of others."""
    others = [tuple(json.loads(other)) for (other,) in db.execute(_AWAITED, (run_id,))]
    return listening(db, run_id, on), others


def first_of(db: sqlite3.Connection, run_id: str, id: str) -> SentSignal | None:
    """The signal of an id that was sent to the run before."""
    row = db.execute(_FIRST, (run_id, id)).fetchone()
    return None if row is None else signal_of(row[0])


def status_of(db: sqlite3.Connection, run_id: str) -> tuple[RunStatus, str | None]:
    """The status of a run, and the run as which it has continued."""
    found: tuple[RunStatus, str | None] = db.execute(_STATUS, (run_id,)).fetchone()
    return found


def check_signal(
    run_id: str,
    sent: SentSignal,
    first: SentSignal | None,
    ended: tuple[RunStatus, str | None],
    open: Sequence[Listening],
) -> None:
    """Refuse a signal that was sent before, comes too late, or fits none of the `open` waits for
    it. `first` is what was sent with its id before.
    """
    if first is not None:
        if first.is_same(sent):
            raise AlreadySent(f"signal {sent.id} was already sent to run {run_id}")
        raise Refused(
            f"another signal with the id {sent.id!r} was already sent to run {run_id}",
            hint="nothing was sent; give it another id",
        )
    status, next_run = ended
    if status in ENDED:
        hint = "list the runs with `smithers ps`"
        if status == "failed":
            hint = f"resume it first with `smithers resume {shlex.quote(run_id)}`, or {hint}"
        if next_run is not None:
            hint = f"send it to {next_run}, as which the run has continued"
        raise Refused(f"run {run_id} has ended: it is {status}", hint=hint)
    wrong: WrongAnswer | None = None
    for wait in open:
        try:
            wait.form.check(json.loads(sent.data), what="data", closed=False)
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
    db.execute(_MOVE, (next_run, run_id))
