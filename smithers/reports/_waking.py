"""What wakes a run, as far as its database tells: notes that nobody has taken, starts in vain."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from smithers.reports._database import has_runs, reading
from smithers.reports._heads import head_of
from smithers.store.lease import is_alive
from smithers.store.waking import resumed_by, seat

__all__ = ["attention", "attention_of", "given_up", "is_supervised", "resumed_through"]

_GIVEN_UP = (
    "SELECT run_id, gave_up FROM revivals WHERE gave_up IS NOT NULL"
    " AND (:run IS NULL OR run_id = :run)"
)


def attention(path: Path, run_id: str) -> tuple[bool, bool]:
    """Whether a living process owns the run, and whether it was told what no frame has taken.

    Raises `UnknownRun`.
    """
    with reading(path) as db:
        alive = head_of(db, run_id).alive
        return alive, attention_of(db, run_id)


def resumed_through(path: Path, run_id: str) -> str:
    """The run through which a run is resumed: the one that waits for it, or itself."""
    if not has_runs(path):
        return run_id
    with reading(path) as db:
        return resumed_by(db, run_id)


def is_supervised(path: Path) -> bool:
    """Whether a living process wakes the runs of the database."""
    with reading(path) as db:
        return seat(db, is_alive) is not None


def attention_of(db: sqlite3.Connection, run_id: str) -> bool:
    """Whether a run was told what no frame has taken yet."""
    (called,) = db.execute("SELECT called FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    return called is not None


def given_up(db: sqlite3.Connection, run_id: str | None = None) -> dict[str, str]:
    """Why runs are not started again any more, by their ids."""
    return dict(db.execute(_GIVEN_UP, {"run": run_id}).fetchall())
