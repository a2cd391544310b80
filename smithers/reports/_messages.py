"""What happened to messages to an agent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smithers import inbox
from smithers.reports._database import reading
from smithers.reports._heads import head_of
from smithers.store.rows import path_text, time_of
from smithers.texts import object_from
from smithers.views import MessageView, TaskMessage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from sqlite3 import Connection

    from smithers.changes import Key

__all__ = ["message", "messages_of"]

_MESSAGE = (
    "SELECT a.attempt, a.agent, (SELECT t.ended FROM tasks t WHERE t.run_id = m.run_id"
    " AND t.task = m.task AND t.path = m.path ORDER BY t.born DESC LIMIT 1)"
    " FROM messages m LEFT JOIN attempts a ON a.run_id = m.run_id AND a.serial = m.serial"
    " WHERE m.run_id = ? AND m.id = ?"
)


def message(path: Path, run_id: str, id: int) -> MessageView:
    """What happened to a message. Raises `UnknownRun`."""
    with reading(path) as db:
        head = head_of(db, run_id)
        row = db.execute(_MESSAGE, (run_id, id)).fetchone()
    attempt, agent, ended = row or (None, None, head.inbox >= id or None)
    if attempt is not None:
        return MessageView(state="told", attempt=attempt, agent=agent)
    return MessageView(state="kept" if ended is None and not head.ended else "late")


_TAKEN = (
    "SELECT m.id, m.text, m.said_by, m.said_at, a.attempt, a.agent FROM messages m"
    " LEFT JOIN attempts a ON a.run_id = m.run_id AND a.serial = m.serial"
    " WHERE m.run_id = ? AND m.task = ? AND m.path = ? ORDER BY m.id"
)
_SENT = (
    "SELECT i.id, i.body, i.at FROM inbox i WHERE i.run_id = ? AND i.kind = ? AND i.node = ?"
    " AND i.path = ? AND i.id > ? ORDER BY i.id"
)


def messages_of(db: Connection, run_id: str, key: Key, *, has_ended: bool) -> Iterator[TaskMessage]:
    """The messages to the agent of a task, which may have ended, oldest first."""
    head, where = head_of(db, run_id), (key.id, path_text(key.path))
    waiting = MessageView(state="late" if has_ended or head.ended else "kept")
    for id, text, by, at, attempt, agent in db.execute(_TAKEN, (run_id, *where)):
        view = MessageView(state="told", attempt=attempt, agent=agent)
        view = waiting if attempt is None else view
        yield TaskMessage(id=id, text=text, by=by, at=time_of(at), view=view)
    for id, body, at in db.execute(_SENT, (run_id, inbox.STEER, *where, head.inbox)):
        said = object_from(body) or {}
        text, by = str(said.get("text") or ""), str(said.get("by") or "")
        yield TaskMessage(id=id, text=text, by=by, at=time_of(at), view=waiting)
