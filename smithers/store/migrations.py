"""The versions of the database, and the way from each to the next.

A version is SQL text, and where SQL is not enough, functions that are called after it. Version 1 is
`schema.sql`, a later one `version_N.sql`, and a published one is never edited. A file goes forward
in one transaction; a new one becomes of the newest version at once, by `newest.sql`, which
`python -m tests.store.make_newest` writes from these: to alter empty tables thirty times takes five
times as long as to create them.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from smithers.store.version_6 import fill_ends

__all__ = ["APPLICATION_ID", "NEWEST", "migrate", "published"]

APPLICATION_ID = 0x536D7468
"""The letters `Smth`, in the header of each of our files."""
NEWEST = 9
"""The last version."""
_FOLDER = Path(__file__).parent

_FILLS: Mapping[int, Sequence[Callable[[sqlite3.Connection], None]]] = {6: (fill_ends,)}
"""By the version, what fills its tables in a file of an earlier one."""


@cache
def published() -> tuple[str, ...]:
    """The SQL of each version, from 1."""
    names = ("schema.sql", *(f"version_{number}.sql" for number in range(2, NEWEST + 1)))
    return tuple((_FOLDER / name).read_text("utf-8") for name in names)


def migrate(db: sqlite3.Connection, version: int, migrations: Sequence[str] | None = None) -> None:
    """Bring a file of the given version up to the newest, or to the last of these `migrations`, in
    one transaction: another process sees the old version or the new one, and of a new file nothing
    or all.
    """
    if migrations is None and version == 0:
        last, scripts = NEWEST, [(NEWEST, (_FOLDER / "newest.sql").read_text("utf-8"))]
    else:
        migrations = published() if migrations is None else migrations
        last, scripts = len(migrations), list(enumerate(migrations[version:], version + 1))
    db.create_function("sha256", 1, _sha256, deterministic=True)
    db.execute("BEGIN IMMEDIATE")
    try:
        for number, script in scripts:
            for statement in _statements(script):
                db.execute(statement)
            for fill in _FILLS.get(number, ()):
                fill(db)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {last}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _statements(script: str) -> Iterator[str]:
    """The statements of a script one by one, since `executescript` would end the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement
