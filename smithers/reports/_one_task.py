"""One task of a run, without the outputs of all others."""

from __future__ import annotations

from pathlib import Path

from smithers.changes import Key
from smithers.reports._activity import last_events
from smithers.reports._database import Json, from_json, reading
from smithers.reports._heads import error_of, head_of
from smithers.reports._runs import attempts_of
from smithers.reports._tasks import COUNTING, open_waits, tree_of
from smithers.store.files import streams_folder
from smithers.store.rows import path_text

__all__ = ["task_report"]

_OUTPUT = (
    "SELECT o.json FROM outputs o WHERE o.run_id = ? AND o.task = ? AND o.path = ? AND "
    + COUNTING.format("o", "task")
    + " ORDER BY o.born DESC LIMIT 1"
)
_FAILED = (
    "SELECT serial, attempt FROM attempts"
    " WHERE run_id = ? AND task = ? AND path = ? AND state = 'failed'"
)
_ANSWER_CHARS = 500
_TAIL_BYTES = 8 << 20
"""More than the longest event has."""


def task_report(path: Path, run_id: str, task: str) -> Json | None:
    """A task in its last iteration, unless `task` names one, as in `review[2]`; None if there is no
    such task. A failed attempt has the first 500 characters of what its agent answered, if it did.
    Raises `UnknownRun`.
    """
    with reading(path) as db:
        head = head_of(db, run_id)
        entries = tree_of(db, head, open_waits(db, head)).entries
        found = [one for one in entries if task in (one.id, str(Key(one.id, one.path)))]
        if not found:
            return None
        entry = found[-1]
        where = (run_id, entry.id, path_text(entry.path))
        row = db.execute(_OUTPUT, where).fetchone()
        attempts = attempts_of(db, run_id)[0].get((entry.id, entry.path), [])
        failed = {number: serial for serial, number in db.execute(_FAILED, where)}
    folder = streams_folder(path, run_id)
    return {
        "id": entry.id,
        "iteration": list(entry.path),
        "iterations": len(found),
        "state": entry.state,
        "tolerated": entry.tolerated,
        "output": None if row is None else from_json(row[0]),
        "error": error_of(entry.error),
        "attempts": [
            {**one, "answer": _answer(folder, failed.get(one["attempt"]))} for one in attempts
        ],
    }


def _answer(folder: Path, serial: int | None) -> str | None:
    """The beginning of what a failed attempt answered."""
    if serial is None:
        return None
    events = last_events(folder, serial, _TAIL_BYTES)
    texts = (str(one.get("text") or "") for one in events if one.get("event") == "answered")
    text = next(texts, None)
    if text is None or len(text) <= _ANSWER_CHARS:
        return text
    return f"{text[:_ANSWER_CHARS]}…"
