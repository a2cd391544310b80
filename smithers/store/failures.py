"""What SQLite says, told as a `StoreError` that names the file, the reason and what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from smithers.errors import StoreError

__all__ = ["telling", "told"]

_FREE_SPACE = "free some space on its disk, then go on; what was committed before is safe"
_REASONS: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_PERM: ("may not be accessed", "check the permissions of the file"),
    sqlite3.SQLITE_BUSY: (
        "is locked by another process",
        "wait until that process has finished its writing, or end it, then try again",
    ),
    sqlite3.SQLITE_LOCKED: ("is locked by another connection", "try again"),
    sqlite3.SQLITE_READONLY: (
        "is read-only",
        "make the file and its folder writable, or choose another database",
    ),
    sqlite3.SQLITE_IOERR: ("cannot be read or written", "check the disk, then try again"),
    sqlite3.SQLITE_CORRUPT: (
        "is damaged",
        "keep a copy of the file and its -wal beside it, and restore the last good one",
    ),
    sqlite3.SQLITE_FULL: ("is full", _FREE_SPACE),
    sqlite3.SQLITE_CANTOPEN: (
        "cannot be opened",
        "check that the file and its folder exist and may be written by this user",
    ),
    sqlite3.SQLITE_TOOBIG: ("cannot take a value this large", "values are limited to 1 GB"),
    sqlite3.SQLITE_NOTADB: ("is not a database", "choose another file"),
    sqlite3.SQLITE_CONSTRAINT: (
        "was told a fact of this run twice",
        "this is a defect of Smithers; nothing of the frame was kept",
    ),
}


def told(path: Path, error: Exception) -> Exception:
    """`error` as a `StoreError` where the database is to blame; any other error as it is."""
    if isinstance(error, UnicodeEncodeError):
        said = f"{path}: text with a lone surrogate cannot be kept ({error.reason})"
        return StoreError(said, hint="replace the character with U+FFFD first")
    if isinstance(error, OverflowError):
        return StoreError(f"{path}: a whole number above 64 bits cannot be kept ({error})")
    if isinstance(error, OSError):
        return StoreError(f"{path}: the database cannot be used: {error}")
    if not isinstance(error, sqlite3.Error):
        return error
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return StoreError(f"{path}: the database cannot be used: {error}")
    name: str = getattr(error, "sqlite_errorname", str(code))
    reason, hint = _REASONS.get(code & 0xFF, ("cannot be used", ""))
    return StoreError(f"{path}: the database {reason} ({name}: {error})", hint=hint)


@contextmanager
def telling(path: Path) -> Generator[None]:
    """Inside it, what the database is to blame for is raised as a `StoreError`."""
    try:
        yield
    except Exception as error:
        if (said := told(path, error)) is error:
            raise
        raise said from error
