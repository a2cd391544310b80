"""Writes newest.sql, by which a new file is made: what the migrations make of one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import smithers.store
from smithers.store.migrations import migrate, published

__all__ = ["NEWEST_SQL", "newest_sql"]

NEWEST_SQL = Path(smithers.store.__file__).with_name("newest.sql")
_HEAD = """\
-- A new database, as schema.sql and all later versions make it; they tell what the tables mean.
-- Written by: python -m tests.store.make_newest
"""
_ID = "INSERT INTO identity (id) VALUES (lower(hex(randomblob(16))));\n"  # of version 5


def newest_sql() -> str:
    """What newest.sql must say."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        migrate(db, 0, published())
        made = db.execute(
            "SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY rowid"
        )
        return "\n".join([_HEAD, *(f"{sql};\n" for (sql,) in made), _ID])


if __name__ == "__main__":
    NEWEST_SQL.write_text(newest_sql(), "utf-8")
