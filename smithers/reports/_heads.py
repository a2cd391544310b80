"""What a run is as a whole: its row, its status, its owner, its last frame."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from smithers.store.files import events_file, raw_file, streams_folder
from smithers.store.lease import Beat, is_alive
from smithers.store.rows import time_text
from smithers.store.run_rows import unknown_run

if TYPE_CHECKING:
    from smithers.changes import RunStatus
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
    "SELECT r.run_id, r.workflow, r.file, r.folder, r.created_at, s.status, s.error, sf.at,"
    " f.frame, f.at, f.inbox, s.stopped_by, o.owner, o.host, o.pid, o.started, o.beat_ns, o.beat_at"
    " FROM runs r"
    " JOIN statuses s ON s.run_id = r.run_id"
    " AND s.born = (SELECT max(born) FROM statuses WHERE run_id = r.run_id)"
    " JOIN frames sf ON sf.run_id = r.run_id AND sf.frame = s.born"
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
    """A run without its tasks. `stored` is the status as it was written; `since` its time."""

    run_id: str
    workflow: str
    file: str
    folder: str
    created_at: str
    stored: RunStatus
    error: str | None
    since: str
    frame: int
    at: str
    inbox: int
    stopped_by: str | None
    """The signal by which its last owner was stopped, or None."""
    beat: Beat | None
    alive: bool

    @property
    def status(self) -> Status:
        """The status, `stale` when the run should go on and no living process owns it."""
        return "stale" if self.stored == "running" and not self.alive else self.stored

    @property
    def ended(self) -> bool:
        return self.stored in ("finished", "failed", "cancelled")


def heads(db: sqlite3.Connection, run_ids: Sequence[str]) -> Iterator[Head]:
    """The runs of these ids, oldest first."""
    lives: dict[str, bool] = {}
    sql = _HEADS.format(scope=SCOPE.format("r"))
    for row in db.execute(sql, {"runs": json.dumps(run_ids)}):
        beat = None if row[12] is None else Beat.of(row[12:18])
        if beat is not None and beat.owner.id not in lives:
            lives[beat.owner.id] = is_alive(beat)
        yield Head(
            run_id=row[0],
            workflow=row[1],
            file=row[2],
            folder=row[3],
            created_at=row[4],
            stored=row[5],
            error=row[6],
            since=row[7],
            frame=row[8],
            at=row[9],
            inbox=row[10],
            stopped_by=row[11],
            beat=beat,
            alive=beat is not None and lives[beat.owner.id],
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


def last_activity(database: Path, head: Head, running: list[int]) -> str:
    """When something was last heard of the run: a frame, or a line of an attempt that runs."""
    folder = streams_folder(database, head.run_id)
    latest = head.at
    for serial in running:
        for file in (events_file(folder, serial), raw_file(folder, serial)):
            try:
                written = datetime.fromtimestamp(file.lstat().st_mtime, UTC)
            except OSError:
                continue
            latest = max(latest, time_text(written))
    return latest
