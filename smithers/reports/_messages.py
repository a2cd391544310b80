"""What has become of a message to an agent."""

from __future__ import annotations

from pathlib import Path

from smithers.reports._database import Json, reading
from smithers.reports._heads import head_of

__all__ = ["message"]

_MESSAGE = (
    "SELECT a.attempt, a.agent, (SELECT t.ended FROM tasks t WHERE t.run_id = m.run_id"
    " AND t.task = m.task AND t.path = m.path ORDER BY t.born DESC LIMIT 1)"
    " FROM messages m LEFT JOIN attempts a ON a.run_id = m.run_id AND a.serial = m.serial"
    " WHERE m.run_id = ? AND m.id = ?"
)


def message(path: Path, run_id: str, id: int) -> Json:
    """Whether a message was `told`, with the `attempt` and the `agent`; whether it is `kept` until
    somebody can be told; or whether it came `late`: its task had ended. Raises `UnknownRun`.
    """
    with reading(path) as db:
        head = head_of(db, run_id)
        row = db.execute(_MESSAGE, (run_id, id)).fetchone()
    attempt, agent, ended = row or (None, None, head.inbox >= id or None)
    late = ended is not None or head.ended
    state = "told" if attempt is not None else "late" if late else "kept"
    return {"state": state, "attempt": attempt, "agent": agent}
