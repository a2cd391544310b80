"""One SQL statement against the database, on a connection that cannot write."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from smithers.errors import Refused
from smithers.reports._database import reading
from smithers.values import dataclass

__all__ = ["Answer", "sql"]

Value = str | int | float | None


@dataclass(frozen=True)
class Answer:
    """The columns of a query, and its rows."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Value]]


def sql(path: Path, query: str) -> Answer:
    """What a query gives. Raises `Refused` for what is no query, or would write."""
    with reading(path) as db:
        db.set_authorizer(_may)
        try:
            cursor = db.execute(query)
            rows = [[_shown(value) for value in row] for row in cursor]
        except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
            raise Refused(
                f"the query was refused: {error}",
                hint="write one statement that only reads; list the tables with `smithers"
                ' sql "SELECT name FROM sqlite_schema"`',
            ) from error
        finally:
            db.set_authorizer(None)
        if cursor.description is None:
            raise Refused("the query is empty", hint='for example `smithers sql "SELECT 1"`')
        names = [column[0] for column in cursor.description]
    return Answer(_unique(names), rows)


_READS = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
    sqlite3.SQLITE_PRAGMA,
}


def _may(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    """Reading is allowed, and asking a pragma; setting one, attaching a file, writing are not."""
    if action == sqlite3.SQLITE_PRAGMA and second is not None and first not in _ASKING:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY


_ASKING = {"table_info", "table_xinfo", "index_list", "index_info", "table_list"}


def _shown(value: object) -> Value:
    """A value that JSON can hold: a blob is told in hex."""
    return value.hex() if isinstance(value, bytes) else value  # type: ignore[return-value]


def _unique(names: list[str]) -> list[str]:
    """Column names, a second one of a name with its number: JSON objects have a key once."""
    found: list[str] = []
    for name in names:
        number, given = 1, name
        while given in found:
            number += 1
            given = f"{name}_{number}"
        found.append(given)
    return found
