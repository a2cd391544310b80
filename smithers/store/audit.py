"""Who has changed what, and from where: rows beside those of the runs, each written once."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path

from smithers.store.looking import peek
from smithers.store.opening import open_database
from smithers.store.rows import time_of, time_text
from smithers.values import dataclass

__all__ = ["AuditRow", "list_audit", "put_audit"]

_COLUMNS = "at, run_id, what, about, who, claimed, face, address, credential"
_PUT = f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_LIST = f"SELECT {_COLUMNS} FROM audit WHERE :run IS NULL OR run_id = :run ORDER BY id"


@dataclass(frozen=True, kw_only=True)
class AuditRow:
    """One change. `who` is the name that was proved, and `claimed` another one that was given.
    `credential` is the id of a token or a session, and `address` where a request came from. A text
    is empty where there is nothing to tell.
    """

    at: datetime
    run_id: str
    what: str
    about: str
    who: str
    claimed: str
    face: str
    address: str
    credential: str


def put_audit(database: Path, row: AuditRow) -> None:
    """Keep a row. Raises `StoreError`."""
    told = (row.run_id, row.what, row.about, row.who, row.claimed)
    with closing(open_database(database, create=False)) as db:
        db.execute(_PUT, (time_text(row.at), *told, row.face, row.address, row.credential))


def list_audit(database: Path, run_id: str | None) -> list[AuditRow]:
    """The rows of a run, or all, oldest first. Raises `StoreError`."""
    if not database.exists():
        return []
    rows = peek(database, lambda db: db.execute(_LIST, {"run": run_id}).fetchall())
    return [
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
        )
        for at, run, what, about, who, claimed, face, address, credential in rows
    ]
