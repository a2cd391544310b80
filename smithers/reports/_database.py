"""What the reports read: a database as of one moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from smithers.errors import StoreError, UnknownRun
from smithers.store.looking import looking

__all__ = ["has_runs", "reading"]


def has_runs(path: Path) -> bool:
    """Whether a database is there at all; an empty file is one that is just being made."""
    return path.is_file() and path.stat().st_size > 0


@contextmanager
def reading(path: Path) -> Generator[sqlite3.Connection]:
    """A connection that cannot write, inside one snapshot. Raises `StoreError`, or `UnknownRun` if
    there is no database: then there is no run.
    """
    if path.is_dir():
        raise StoreError(f"{path} is a folder", hint="name the database file in it")
    if not has_runs(path):
        raise UnknownRun(
            f"there is no database at {path}",
            hint="start a run with `smithers up FILE`, or name another database with --db PATH",
        )
    with looking(path) as db:
        yield db
