"""What happened to a message to an agent."""

from __future__ import annotations

from pathlib import Path

from smithers.reports._database import reading
from smithers.reports._heads import head_of
from smithers.views import MessageView

__all__ = ["message"]

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
