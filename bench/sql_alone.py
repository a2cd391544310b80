"""The SQL of a step alone: `python -m bench.sql_alone N FOLDER`.

Runs a sequence of N async steps, and then writes the same rows into an empty database with the same
tables, from the same thread, one commit for each frame. Tells the CPU of the second, which contains
no line of Smithers.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bench import steps
from bench.driving import drive, emit, store
from smithers.store.opening import connect
from smithers.store.rows import write

__all__: list[str] = []

# These two are not among the rows of a frame: what a commit reads first, and the frame itself.
_FRAME = "INSERT INTO frames (run_id, frame, at, fence, inbox) VALUES ('bench', ?, ?, 1, 0)"
_STANDING = (
    "SELECT fence, owner, (SELECT max(frame) FROM frames f WHERE f.run_id = r.run_id), called,"
    " (SELECT max(id) FROM inbox i WHERE i.run_id = r.run_id) FROM runs r WHERE run_id = 'bench'"
)
_AT = "2026-01-01T00:00:00.000000Z"
_Rows = dict[str, list[Any]]


def _recorded(count: int, database: Path) -> list[_Rows]:
    """The rows of each frame of a run of `count` steps, by the statement that writes them."""
    frames: list[_Rows] = []

    def recorded(db: sqlite3.Connection, rows: _Rows) -> None:
        frames.append(rows)
        write(db, rows)

    given: dict[str, object] = {"shape": "sequence", "kind": "async", "count": count}
    with patch("smithers.store.beginning.write", recorded):
        left, _, _ = drive(steps.__file__, "steps", database, given)
    assert left.status == "finished", left
    return frames


def _empty(like: Path, path: Path) -> sqlite3.Connection:
    """A database with the tables and the settings of another, and its rows of runs alone."""
    db = connect(path, create=True, busy_timeout_s=1)
    db.execute("PRAGMA journal_mode = WAL")
    with closing(sqlite3.connect(like)) as source:
        source.backup(db)
    tables = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    for (table,) in tables:
        if table != "runs" and not table.startswith("sqlite_"):
            db.execute(f"DELETE FROM {table}")
    return db


def _write(db: sqlite3.Connection, frames: list[_Rows]) -> None:
    for number, rows in enumerate(frames):
        db.execute("BEGIN IMMEDIATE")
        db.execute(_STANDING).fetchone()
        db.execute(_FRAME, (number, _AT))
        for sql, values in rows.items():
            for row in values:
                db.execute(sql, row)
        db.execute("COMMIT")


def main(count: str, where: str) -> None:
    database = store(Path(where), "run")
    frames = _recorded(int(count), database)
    # What is new first, then what ends, as the store writes them.
    ordered = [dict(sorted(rows.items(), key=lambda each: each[0][:6])) for rows in frames]
    with closing(_empty(database, Path(where) / "again.db")) as db:
        before = time.process_time()
        _write(db, ordered)
        cpu_s = time.process_time() - before
    emit(cpu_s=cpu_s)


if __name__ == "__main__":
    main(*sys.argv[1:])
