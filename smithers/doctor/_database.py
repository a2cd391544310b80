"""The database as it stands, without making, migrating or writing anything."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

from smithers.doctor._finding import Finding
from smithers.errors import StoreError
from smithers.store.failures import telling
from smithers.store.file_systems import file_system_of
from smithers.store.locks import Locked, lock_holders
from smithers.store.looking import source
from smithers.store.migrations import APPLICATION_ID, NEWEST
from smithers.store.opening import check_place

__all__ = ["look_at_database"]

_PATIENCE_S = 3.0
_STEPS = 10_000
"""SQLite asks us so often, in instructions of its machine, whether it shall go on."""


def look_at_database(path: Path) -> Finding:
    """Whether runs can be kept there."""
    path = path.absolute()
    facts: dict[str, object] = {"path": path}
    try:
        facts["file_system"] = file_system_of(path) or None
        if not path.exists() or path.stat().st_size == 0:
            return _missing(path, facts)
        check_place(path)
        if stuck := [holder for holder in lock_holders(path) if holder.stopped]:
            locked = Locked(path, stuck)
            return Finding("database", "problem", locked.said, locked.hint, facts)
        return _opened(path, facts)
    except (StoreError, OSError) as error:
        said = error.said if isinstance(error, StoreError) else f"{path}: {error}"
        hint = error.hint if isinstance(error, StoreError) else "choose another with --db PATH"
        return Finding("database", "problem", said, hint, facts)


def _missing(path: Path, facts: dict[str, object]) -> Finding:
    """There is none yet; whether one can be made there."""
    folder = path.parent
    if not folder.exists() and folder.name == ".smithers":
        folder = folder.parent
    check_place(folder / path.name)
    return Finding("database", "ok", f"none yet; `smithers up` creates {path}", facts=facts)


def _opened(path: Path, facts: dict[str, object]) -> Finding:
    with telling(path), source(path, patience_s=_PATIENCE_S) as db:
        db.execute("PRAGMA query_only = 1")
        ours: int = db.execute("PRAGMA application_id").fetchone()[0]
        version: int = db.execute("PRAGMA user_version").fetchone()[0]
        facts["version"] = version
        if ours != APPLICATION_ID:
            said = f"{path} is not a Smithers database"
            return Finding("database", "problem", said, "choose another with --db PATH", facts)
        if version > NEWEST:
            said = (
                f"{path} was written by a newer Smithers (version {version}, this Smithers"
                f" supports {NEWEST})"
            )
            hint = "pip install --upgrade smithers-orchestrator"
            return Finding("database", "problem", said, hint, facts)
        runs: int = db.execute("SELECT count(*) FROM runs").fetchone()[0]
        facts |= {"runs": runs, "size_bytes": os.stat(path).st_size}
        if damage := _damage(db):
            hint = "keep a copy of the file and of its -wal, and restore the last good backup"
            return Finding("database", "problem", f"{path} is damaged: {damage}", hint, facts)
    older = f" (the next `smithers up` upgrades it to {NEWEST})" if version < NEWEST else ""
    word = "run" if runs == 1 else "runs"
    said = f"{path}, version {version}{older}, {runs} {word}"
    return Finding("database", "note" if older else "ok", said, facts=facts)


def _damage(db: sqlite3.Connection) -> str:
    """What SQLite finds wrong, or nothing; a large file is looked at for a few seconds."""
    until = time.monotonic() + _PATIENCE_S
    db.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
    try:
        said = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return ""
        raise
    finally:
        db.set_progress_handler(None, 0)
    return "" if said == "ok" else said
