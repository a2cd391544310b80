"""The rows with which a run begins, and those of each frame, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from smithers.changes import Frame, StatusChanged
from smithers.errors import RunExists
from smithers.store import Claim, Model, NewRun
from smithers.store.rows import Rows, rows_of, time_text, write
from smithers.store.run_rows import run_values
from smithers.store.views import declare

__all__ = ["begin_due", "check_new", "put_frame", "put_run"]

_BEGIN = (
    "INSERT INTO runs (run_id, workflow, file, folder, interpreter, environment, input, source,"
    " created_at, options, parent, parent_task, parent_path, parent_waits, first_run, number,"
    " allow_runs, allow_depth, forked_from, forked_at, owner, fence)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def check_new(db: sqlite3.Connection, run_id: str) -> None:
    """Raises `RunExists` if there is a run of that id."""
    if db.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone():
        raise RunExists(f"run {run_id} already exists", hint="choose another id")


def put_run(db: sqlite3.Connection, run: NewRun, claim: Claim) -> None:
    """The row of a new run; a claim with the fence 0 is that of nobody."""
    db.execute(_BEGIN, (*run_values(run), claim.owner or None, claim.fence))


def begin_due(db: sqlite3.Connection, run: NewRun) -> None:
    """Begin a run that nobody owns: it is due now. Raises `RunExists`."""
    check_new(db, run.run_id)
    claim = Claim(run_id=run.run_id, owner="", fence=0)
    put_run(db, run, claim)
    running = StatusChanged(status="running")
    frame = Frame(number=0, at=run.created_at, changes=(running,))
    put_frame(db, claim, frame, rows_of(run.run_id, frame), ())
    due = (time_text(run.created_at), run.run_id)
    db.execute("UPDATE runs SET wake_at = ? WHERE run_id = ?", due)


def put_frame(
    db: sqlite3.Connection, claim: Claim, frame: Frame, rows: Rows, models: Sequence[Model]
) -> None:
    db.execute(
        "INSERT INTO frames (run_id, frame, at, fence, inbox) VALUES (?, ?, ?, ?, ?)",
        (claim.run_id, frame.number, time_text(frame.at), claim.fence, frame.inbox),
    )
    write(db, rows)
    if models:
        declare(db, claim.run_id, models)
