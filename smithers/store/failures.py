"""What SQLite says, told as a `StoreError` that names the file, the reason and what to do."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from smithers.errors import MachineError, StoreError

__all__ = ["telling", "told"]

_REASONS: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_PERM: ("may not be accessed", "check the permissions of the file"),
    sqlite3.SQLITE_BUSY: (
        "is locked by another process",
        "wait until that process has finished writing, or end it, then try again",
    ),
    sqlite3.SQLITE_LOCKED: ("is locked by another connection", "try again"),
    sqlite3.SQLITE_READONLY: (
        "is read-only",
        "make the file and its folder writable, or choose another database",
    ),
    sqlite3.SQLITE_IOERR: ("cannot be read or written", "check the disk, then try again"),
    sqlite3.SQLITE_CORRUPT: (
        "is damaged",
        "keep a copy of the file and of its -wal, and restore the last good backup",
    ),
    sqlite3.SQLITE_FULL: (
        "is full",
        "free some space on its disk, then resume the run; what was committed is safe",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "cannot be opened",
        "check that the file and its folder exist and that this user may write to them",
    ),
    sqlite3.SQLITE_TOOBIG: ("cannot take a value this large", "values are limited to 1 GB"),
    sqlite3.SQLITE_NOTADB: ("is not a database", "choose another file"),
    sqlite3.SQLITE_CONSTRAINT: (
        "was given a fact of this run twice",
        "this is a bug in Smithers; nothing of the frame was stored",
    ),
}

_OF_THE_MACHINE: dict[int, int | None] = {
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_NOMEM: errno.ENOMEM,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_CANTOPEN: None,
}
"""What SQLite reports when the system refuses it, as the errno that is behind it most often."""


def told(path: Path, error: Exception) -> Exception:
    """`error` as a `StoreError` where the database is to blame; any other error as it is."""
    if isinstance(error, UnicodeEncodeError):
        said = f"{path}: text with a lone surrogate cannot be stored ({error.reason})"
        return StoreError(said, hint="replace the character with U+FFFD first")
    if isinstance(error, OverflowError):
        return StoreError(f"{path}: a whole number above 64 bits cannot be stored ({error})")
    if isinstance(error, BrokenPipeError):  # of whoever prints while the database is open
        return error
    if isinstance(error, OSError | MemoryError):
        file: object = getattr(error, "filename", None) or path
        return MachineError.of(error, file, "cannot be used for the database")
    if not isinstance(error, sqlite3.Error):
        return error
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return StoreError(f"{path}: the database cannot be used: {error}")
    name: str = getattr(error, "sqlite_errorname", str(code))
    reason, hint = _REASONS.get(code & 0xFF, ("cannot be used", ""))
    said = f"{path}: the database {reason} ({name}: {error}"
    if (code & 0xFF) not in _OF_THE_MACHINE:
        return StoreError(f"{said})", hint=hint)
    number = _OF_THE_MACHINE[code & 0xFF] or _why_not_opened(path)
    if number is not None:
        said += f"; {errno.errorcode[number]}"
    return MachineError(f"{said})", hint=hint, path=str(path), errno=number)


def _why_not_opened(path: Path) -> int | None:
    """SQLite does not say why it could not open or make a file. On Linux, make one without a name
    in the same folder; elsewhere, see whether this process can open any.
    """
    nameless: int = getattr(os, "O_TMPFILE", 0)
    place = path.absolute().parent if nameless else os.devnull
    try:
        os.close(os.open(place, os.O_WRONLY | os.O_CLOEXEC | nameless, 0o600))
    except OSError as error:
        return None if error.errno == errno.EOPNOTSUPP else error.errno
    return None


@contextmanager
def telling(path: Path) -> Generator[None]:
    """Inside it, what the database is to blame for is raised as a `StoreError`."""
    try:
        yield
    except Exception as error:
        if (said := told(path, error)) is error:
            raise
        raise said from error
