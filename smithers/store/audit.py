"""Who has changed what, and from where: rows beside those of the runs, each written once."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from smithers.callers import AuditRow
from smithers.store.failures import telling
from smithers.store.looking import peek
from smithers.store.opening import open_database
from smithers.store.rows import time_of, time_text

__all__ = ["add_audit", "list_audit", "put_audit"]

_COLUMNS = "at, run_id, what, about, who, claimed, face, address, credential"
_PUT = f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_LIST = (
    f"SELECT id, {_COLUMNS} FROM audit"
    " WHERE (:run IS NULL OR run_id = :run) AND id > :after ORDER BY id LIMIT :limit"
)


def add_audit(db: sqlite3.Connection, row: AuditRow) -> None:
    """Keep a row in the transaction of the change that it tells of."""
    told = (row.run_id, row.what, row.about, row.who, row.claimed)
    db.execute(_PUT, (time_text(row.at), *told, row.face, row.address, row.credential))


def put_audit(database: Path, row: AuditRow) -> None:
    """Keep a row in a transaction of its own. Raises `StoreError`."""
    with closing(open_database(database, create=False)) as db, telling(database):
        add_audit(db, row)


def list_audit(
    database: Path, run_id: str | None, after: int, limit: int
) -> list[tuple[int, AuditRow]]:
    """The rows of a run, or all, oldest first, each with its id: `limit` of those after an id.
    Raises `StoreError`.
    """
    if not database.exists():
        return []
    given = {"run": run_id, "after": after, "limit": limit}
    rows = peek(database, lambda db: db.execute(_LIST, given).fetchall())
    return [
        (
            id,
            AuditRow(
                at=time_of(at),
                run_id=run,
                what=what,
                about=about,
                who=who,
                claimed=claimed,
                face=face,
                address=address,
                credential=credential,
            ),
        )
        for id, at, run, what, about, who, claimed, face, address, credential in rows
    ]
