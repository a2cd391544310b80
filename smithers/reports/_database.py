"""Reading a database and never writing to it: plain `sqlite3`, nothing of the engine.

A reader opens the file with `mode=ro` and `query_only`, in one snapshot, so that what a report says
is of one moment.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from smithers.errors import StoreError
from smithers.store.failures import telling
from smithers.store.migrations import published
from smithers.store.opening import needs_work, open_database

__all__ = ["Json", "connected", "from_json", "has_runs", "object_from", "reading"]

Json = dict[str, Any]

_BUSY_TIMEOUT_S = 30.0


def has_runs(path: Path) -> bool:
    """Whether a database is there at all; one without a table is just being made."""
    if not path.is_file() or path.stat().st_size == 0:
        return False
    try:
        with closing(connected(path)) as db:
            return db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
    except (StoreError, sqlite3.Error):
        return True  # who reads it tells what is wrong with it


@contextmanager
def reading(path: Path) -> Generator[sqlite3.Connection]:
    """A connection that cannot write, inside one snapshot. Raises `StoreError`."""
    if path.is_dir():
        raise StoreError(f"{path} is a folder", hint="name the database in it")
    if not has_runs(path):
        raise StoreError(
            f"there is no database at {path}",
            hint="start a run with `smithers up FILE`, or name another database with --db PATH",
        )
    with closing(connected(path)) as db, telling(path):
        if needs_work(db, path, len(published())):  # older, or one that is just being made
            open_database(path, create=False).close()
        db.execute("BEGIN")
        yield db


def from_json(text: str | None) -> Any:
    """JSON text of the database as a value. What is no JSON, as another program may have written
    it, stays text.
    """
    if text is None:
        return None
    try:
        return cast("object", json.loads(text))
    except ValueError:
        return text


def object_from(text: str | None) -> Json | None:
    """JSON text as an object, or None where it is none."""
    value = from_json(text)
    return cast("Json", value) if isinstance(value, dict) else None


def connected(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. Raises `StoreError`."""
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    with telling(path):
        db = sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
        try:
            db.execute("PRAGMA query_only = 1")
        except BaseException:
            db.close()
            raise
    return db
