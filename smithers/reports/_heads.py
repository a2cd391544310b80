"""What a run is as a whole: its row, its status, its owner, its last frame."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from smithers.changes import ENDED
from smithers.store.files import last_written, streams_folder
from smithers.store.lease import Beat, is_alive
from smithers.store.rows import time_of
from smithers.store.run_rows import parent_of, unknown_run
from smithers.values import dataclass
from smithers.views import status_of

if TYPE_CHECKING:
    from smithers.changes import RunStatus
    from smithers.store import Parent
    from smithers.views import Status

__all__ = [
    "SCOPE",
    "Head",
    "head_of",
    "heads",
    "last_activity",
    "owner_of",
]

_HEADS = (
    "SELECT r.run_id, r.workflow, r.created_at, s.status, f.frame, f.at, f.inbox, s.stopped_by,"
    " r.parent, r.parent_task, r.parent_path, r.parent_waits,"
    " o.owner, o.host, o.pid, o.started, o.beat_ns, o.beat_at"
    " FROM runs r"
    " JOIN statuses s ON s.run_id = r.run_id"
    " AND s.born = (SELECT max(born) FROM statuses WHERE run_id = r.run_id)"
    " JOIN frames f ON f.run_id = r.run_id"
    " AND f.frame = (SELECT max(frame) FROM frames WHERE run_id = r.run_id)"
    " LEFT JOIN owners o ON o.owner = r.owner"
    " WHERE {scope} ORDER BY r.created_at, r.run_id"
)
_OWNER = (
    "SELECT o.owner, o.host, o.pid, o.started, o.beat_ns, o.beat_at"
    " FROM runs r JOIN owners o ON o.owner = r.owner WHERE r.run_id = ?"
)
SCOPE = "{0}.run_id IN (SELECT value FROM json_each(:runs))"
"""Of a table by its alias, the rows of the runs whose ids are the JSON list `:runs`."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """A run without its tasks. `stored` is the status as it was written."""

    run_id: str
    workflow: str
    created_at: str
    stored: RunStatus
    frame: int
    at: str
    inbox: int
    stopped_by: str | None
    """The signal by which its last owner was stopped, or None."""
    alive: bool
    parent: Parent | None = None

    @property
    def status(self) -> Status:
        return status_of(self.stored, alive=self.alive)

    @property
    def ended(self) -> bool:
        return self.stored in ENDED


def heads(db: sqlite3.Connection, run_ids: Sequence[str]) -> Iterator[Head]:
    """The runs of these ids, oldest first."""
    lives: dict[str | None, bool] = {None: False}
    sql = _HEADS.format(scope=SCOPE.format("r"))
    for *facts, owner, host, pid, started, beat_ns, beat_at in db.execute(
        sql, {"runs": json.dumps(run_ids)}
    ):
        if owner not in lives:
            lives[owner] = is_alive(Beat.of((owner, host, pid, started, beat_ns, beat_at)))
        run_id, workflow, created_at, stored, frame, at, inbox, stopped_by, *above = facts
        yield Head(
            run_id=run_id,
            workflow=workflow,
            created_at=created_at,
            stored=stored,
            frame=frame,
            at=at,
            inbox=inbox,
            stopped_by=stopped_by,
            alive=lives[owner],
            parent=parent_of(*above),
        )


def owner_of(db: sqlite3.Connection, run_id: str) -> tuple[Beat | None, bool]:
    """The process that owns a run, and whether it lives."""
    row = db.execute(_OWNER, (run_id,)).fetchone()
    beat = None if row is None else Beat.of(row)
    return beat, beat is not None and is_alive(beat)


def head_of(db: sqlite3.Connection, run_id: str) -> Head:
    """One run. Raises `UnknownRun`."""
    for head in heads(db, [run_id]):
        return head
    raise unknown_run(run_id)


def last_activity(database: Path, head: Head, running: list[int]) -> datetime:
    """The time of the last frame of a run, or of the last output of an attempt that is running."""
    folder = streams_folder(database, head.run_id)
    written = (last_written(folder, serial) for serial in running)
    return max([time_of(head.at), *(at for at in written if at is not None)])
