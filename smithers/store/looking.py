"""Opening a database to look at it. Looking changes nothing: not the file, nor what lies beside it.

- A file that is in use (a `-shm` lies beside it) is read in place, as by any reader of SQLite.
- A file that nobody has open is read as it lies: a reader would make a `-wal` and a `-shm`. If its
  last changes are in a `-wal`, it is copied.
- A file of an older version, and one that this user may not write, is copied with its `-wal` into a
  private temporary database, which is upgraded there and vanishes when it is closed. `copies` says
  for which files and why, so that a face can mention it.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import quote

from smithers.errors import StoreError
from smithers.store.failures import telling
from smithers.store.files import open_plain
from smithers.store.migrations import NEWEST, migrate
from smithers.store.opening import check_beside, needs_work, version_of

__all__ = [
    "Stamp",
    "Way",
    "connect_reader",
    "copies",
    "looking",
    "peek",
    "source",
    "stamp_of",
    "way_of",
]

T = TypeVar("T")
Way = Literal["in place", "as it lies", "copied"]
Stamp = tuple[tuple[int, int, int] | None, ...]
"""Inode, size in bytes and time of the last change (ns) of a database and of its `-wal`."""

copies: dict[Path, str] = {}
"""Why this process has read a private copy, by the path of the database."""

_TRIES = 50
_LARGE_BYTES = 32 << 20
_PAUSE_S = 0.02


def way_of(path: Path) -> Way:
    """How a reader opens the file at `path` as things are now, apart from its version."""
    if not may_write(path):
        return "copied"
    if path.with_name(f"{path.name}-shm").exists():
        return "in place"
    wal = _stat(path.with_name(f"{path.name}-wal"))
    return "copied" if wal is not None and wal[1] else "as it lies"


def may_write(path: Path) -> bool:
    """Whether this user may write the database, what lies beside it, and its folder."""
    beside = [path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm")]
    found = [path.parent, path, *(file for file in beside if file.exists())]
    return all(os.access(file, os.W_OK) for file in found)


def stamp_of(path: Path) -> Stamp:
    """What differs once somebody has written to the database; a commit within a few milliseconds of
    the last one may leave it as it was.
    """
    return tuple(map(_stat, (path, path.with_name(f"{path.name}-wal"))))


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def connect_reader(
    path: Path,
    *,
    immutable: bool = False,
    patience_s: float = 30.0,
    any_thread: bool = False,
) -> sqlite3.Connection:
    """A connection that cannot write. With `immutable`, SQLite makes no file and takes no lock.
    `any_thread` allows several threads to use it, one at a time.

    Raises `StoreError`.
    """
    more = "&immutable=1" if immutable else ""
    uri = f"file:{quote(str(path.absolute()))}?mode=ro{more}"
    with telling(path):
        db = sqlite3.connect(
            uri,
            uri=True,
            timeout=patience_s,
            isolation_level=None,
            check_same_thread=not any_thread,
        )
        try:
            db.execute("PRAGMA query_only = 1")
        except BaseException:
            db.close()
            raise
    return db


@contextmanager
def looking(path: Path) -> Generator[sqlite3.Connection]:
    """A connection to the database at `path` as of one moment, of the newest version.

    Raises `StoreError` for a file that is not ours, is newer, cannot be read, or was changed under
    a reader that had read it as it lay.
    """
    path = Path(os.path.realpath(path))
    with telling(path), ExitStack() as stack:
        db = stack.enter_context(source(path))
        if needs_work(db, path, NEWEST):
            db = stack.enter_context(closing(_upgraded(db, path)))
        db.execute("PRAGMA query_only = 1")
        db.execute("BEGIN")
        yield db


def peek(path: Path, read: Callable[[sqlite3.Connection], T], *, upgraded: bool = True) -> T:
    """What `read` gives of the database: as `looking`, but a file of the newest version that nobody
    has open is not copied for it. `read` may be called several times, until the file stayed as it
    was meanwhile, and takes all it needs with it. If not `upgraded`, it gets an older file as it
    is. Raises as `looking`.
    """
    path = Path(os.path.realpath(path))
    check_beside(path)
    for _ in range(_TRIES):
        before = stamp_of(path)
        if way_of(path) != "as it lies":
            break
        try:
            with closing(connect_reader(path, immutable=True)) as db:
                if needs_work(db, path, NEWEST):
                    break
                found = read(db)
        except (sqlite3.Error, StoreError):
            break  # what is wrong with it, `looking` finds out
        if stamp_of(path) == before and way_of(path) == "as it lies":
            return found
    with looking(path) if upgraded else source(path) as db:
        return read(db)


@contextmanager
def source(path: Path, *, patience_s: float = 30.0) -> Generator[sqlite3.Connection]:
    """A connection to the database at `path`, of any version, even if it is not one of ours.

    `patience_s` is how long a reader waits for a lock. Raises as `looking` does.
    """
    check_beside(path)
    for _ in range(_TRIES):
        way, before = way_of(path), stamp_of(path)
        with closing(_opened(path, way, patience_s)) as db:
            if way != "as it lies" or stamp_of(path)[0] == before[0]:
                yield db
                break
        time.sleep(_PAUSE_S)  # another process is making it, or has just closed it
    else:
        raise StoreError(f"{path} is changing while it is being read", hint="run the command again")
    if way == "as it lies" and _is_large(before) and stamp_of(path)[0] != before[0]:
        raise StoreError(
            f"{path} was changed while it was being read", hint="run the command again"
        )


def _opened(path: Path, way: Way, patience_s: float) -> sqlite3.Connection:
    """A file that nobody has open is taken into a private database, unless it is large."""
    if way == "copied":
        if not may_write(path):
            copies[path] = f"this user may not write to {path} or its folder"
        return _copied_files(path)
    db = connect_reader(path, immutable=way == "as it lies", patience_s=patience_s)
    if way == "in place" or _is_large(stamp_of(path)):
        return db
    with closing(db):
        return _private(db)


def _is_large(stamp: Stamp) -> bool:
    return stamp[0] is not None and stamp[0][1] > _LARGE_BYTES


def _upgraded(db: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """A private copy of an older database, of the newest version."""
    private = _private(db)
    try:
        version = version_of(private)  # of the copy: another process may be upgrading the file
        if version:  # else another process is making it
            copies[path] = (
                f"{path} has version {version}; the next command that writes to it, such as"
                f" `smithers up`, upgrades it to version {NEWEST}"
            )
        migrate(private, version)
    except BaseException:
        private.close()
        raise
    return private


def _private(db: sqlite3.Connection) -> sqlite3.Connection:
    """A copy of what a connection sees, in a temporary database of this connection alone."""
    private = sqlite3.connect("", isolation_level=None)
    try:
        db.backup(private)
    except BaseException:
        private.close()
        raise
    return private


def _copied_files(path: Path) -> sqlite3.Connection:
    """A private copy of a file which SQLite could open only by writing a `-shm` beside it."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="smithers-") as folder:
        copy = Path(folder) / "copy.db"
        _copy_unchanged(path, copy)
        with closing(sqlite3.connect(copy, isolation_level=None)) as db:
            return _private(db)


def _copy_unchanged(path: Path, copy: Path) -> None:
    """Copy the database and its `-wal`, again until neither changed meanwhile.

    No checkpoint of ours runs meanwhile: it needs the lock file, which is held here if it can be.
    """
    import shutil

    with ExitStack() as stack:
        with suppress(OSError):
            lock = open_plain(path.with_name(f"{path.name}.lock"), os.O_RDONLY)
            stack.callback(os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        for _ in range(_TRIES):
            before = stamp_of(path)
            shutil.copyfile(path, copy)
            wal = Path(f"{copy}-wal")
            wal.unlink(missing_ok=True)
            with suppress(FileNotFoundError):
                shutil.copyfile(f"{path}-wal", wal)
            if stamp_of(path) == before:
                return
            time.sleep(_PAUSE_S)
    raise StoreError(
        f"{path} is written so often that it cannot be copied, and this user may not write"
        " to its folder",
        hint="run the command as the user who runs the workflows",
    )
