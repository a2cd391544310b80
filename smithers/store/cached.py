"""Answers that later runs may take, for all runs of a store: rows outside the fence, one a key."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from smithers.store import CachedAnswer
from smithers.store.failures import telling
from smithers.store.looking import peek
from smithers.store.opening import open_database
from smithers.store.rows import time_of, time_text
from smithers.values import dataclass

__all__ = ["CachedLine", "clear_cached", "find_cached", "list_cached", "put_cached"]

_PUT = (
    "INSERT OR REPLACE INTO cache (key, task, model, json, run_id, created_at, bytes)"
    " VALUES (?, ?, ?, ?, ?, ?, length(CAST(? AS BLOB)))"
)
_FIND = "SELECT key, task, model, json, run_id, created_at FROM cache WHERE key = ?"
_LIST = "SELECT key, task, run_id, created_at, bytes FROM cache ORDER BY created_at, key"
_CLEAR = (
    "DELETE FROM cache WHERE (:before IS NULL OR created_at < :before)"
    " AND (:task IS NULL OR task = :task)"
)


@dataclass(frozen=True, kw_only=True)
class CachedLine:
    """An answer that is kept, without its text. `size_bytes` is that of its JSON."""

    key: str
    task: str
    run_id: str
    created_at: datetime
    size_bytes: int


def put_cached(db: sqlite3.Connection, answers: Sequence[CachedAnswer]) -> None:
    """Keep each in place of what has its key."""
    for one in answers:
        row = (one.key, one.task, one.model, one.json, one.run_id, time_text(one.created_at))
        db.execute(_PUT, (*row, one.json))


def find_cached(database: Path, key: str) -> CachedAnswer | None:
    """The answer under a key; None if there is none, or no database yet. Raises `StoreError`."""
    if not database.exists():
        return None
    row = peek(database, lambda db: db.execute(_FIND, (key,)).fetchone())
    if row is None:
        return None
    key, task, model, json, run_id, at = row
    return CachedAnswer(
        key=key, task=task, model=model, json=json, run_id=run_id, created_at=time_of(at)
    )


def list_cached(database: Path) -> list[CachedLine]:
    """All answers that are kept, oldest first. Raises `StoreError`."""
    if not database.exists():
        return []
    return [
        CachedLine(key=key, task=task, run_id=run, created_at=time_of(at), size_bytes=size)
        for key, task, run, at, size in peek(database, lambda db: db.execute(_LIST).fetchall())
    ]


def clear_cached(database: Path, *, before: datetime | None, task: str | None) -> int:
    """Forget the answers that were kept before a time and of a task; how many. Raises
    `StoreError`.
    """
    if not database.exists():
        return 0
    wanted = {"before": None if before is None else time_text(before), "task": task}
    with closing(open_database(database, create=False)) as db, telling(database):
        return db.execute(_CLEAR, wanted).rowcount
