"""Opening a database file: refuse what is not ours before anything of it is changed.

The folder `.smithers` is made when it is missing, with a `.gitignore` of its own. A new file, and
one of an older version, is brought up under the file lock, so any number of processes may open it
at once. The database itself is opened by SQLite alone: closing a descriptor of ours would drop the
POSIX locks that SQLite holds for this whole process.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from smithers.errors import MachineError, StoreError
from smithers.store.failures import telling
from smithers.store.file_systems import file_system_of, refusal_of
from smithers.store.files import open_plain, refuse_to_open
from smithers.store.lease import Beat, lease_of, this_host, utc_now
from smithers.store.locks import LOOK_AFTER_S, Patience, is_busy
from smithers.store.migrations import APPLICATION_ID, NEWEST, migrate

__all__ = [
    "WAL_BYTES",
    "Synchronous",
    "check_beside",
    "check_place",
    "connect",
    "file_lock",
    "is_new",
    "needs_work",
    "open_database",
    "version_of",
]

Synchronous = Literal["full", "normal"]

WAL_BYTES = 4 << 20


def open_database(
    path: Path,
    *,
    create: bool = True,
    synchronous: Synchronous = "full",
    busy_timeout_s: float = 30.0,
    wal_bytes: int = WAL_BYTES,
    max_pages: int | None = None,
    file_system: str | None = None,
    migrations: Sequence[str] | None = None,
) -> sqlite3.Connection:
    """A connection to the database at `path`, of the newest version, in WAL mode.

    `create=False` refuses where there is none. The file may grow to `max_pages`. `file_system` is
    the type of the file system as it is to be taken, instead of the one it has. Raises
    `StoreError`, and has then changed nothing.
    """
    if create:
        _make_folder(path)
    check_place(path, create=create, file_system=file_system)
    patience = Patience(path, busy_timeout_s)
    while True:
        db = connect(
            path,
            create=create,
            synchronous=synchronous,
            busy_timeout_s=busy_timeout_s,
            wal_bytes=wal_bytes,
        )
        try:
            with telling(path):
                if max_pages is not None:
                    db.execute(f"PRAGMA max_page_count = {max_pages:d}")
                _bring_up(db, path, busy_timeout_s, migrations)
        except BaseException as error:
            db.close()
            cause = error.__cause__
            if not isinstance(cause, Exception) or not is_busy(cause):
                raise
            with telling(path):
                locked = patience.spend(cause)
            if locked is not None:
                raise locked from cause
        else:
            return db


def _bring_up(
    db: sqlite3.Connection, path: Path, timeout_s: float, migrations: Sequence[str] | None
) -> None:
    """Make a new file a database of ours, and one of an older version one of the newest."""
    newest = NEWEST if migrations is None else len(migrations)
    if not needs_work(db, path, newest):
        return
    with file_lock(path, timeout_s):
        if needs_work(db, path, newest):
            if version_of(db) == 0:
                with suppress(PermissionError):  # an empty file of someone else
                    path.chmod(0o600)
            else:
                _check_unused(db, path)
            db.execute("PRAGMA journal_mode = WAL")
            migrate(db, version_of(db), migrations)


def _check_unused(db: sqlite3.Connection, path: Path) -> None:
    """A file is not upgraded under a living process of an older version. Raises `StoreError`."""
    now, monotonic_ns = utc_now(), time.monotonic_ns()
    for row in db.execute("SELECT owner, host, pid, started, beat_ns, beat_at FROM owners"):
        beat = Beat.of(row)
        lease = lease_of(beat, now=now, monotonic_ns=monotonic_ns)
        # On this host, "expired" is a process that lives, but is stopped or hangs.
        if lease == "held" or (lease == "expired" and beat.owner.host == this_host()):
            pid = beat.owner.pid
            raise StoreError(
                f"{path} has version {version_of(db)} and is in use by process {pid}, which runs an"
                " older Smithers, so it cannot be upgraded now",
                hint=f"wait until that process ends, or end it with `kill {pid}`; its runs can be"
                " resumed",
            )


def connect(
    path: Path,
    *,
    create: bool = False,
    synchronous: Synchronous = "full",
    busy_timeout_s: float,
    wal_bytes: int = WAL_BYTES,
) -> sqlite3.Connection:
    """A connection with our settings; never a checkpoint by itself, never mapped memory. It may be
    used from any thread, by one at a time.

    SQLite itself waits for a lock for a second at most, so that the caller can look who holds it. A
    WAL that is reset keeps `wal_bytes`: to write over them costs half the time of growing a file.
    """
    uri = f"file:{quote(str(path.absolute()))}?mode={'rwc' if create else 'rw'}"
    with telling(path):
        db = sqlite3.connect(
            uri,
            uri=True,
            timeout=min(busy_timeout_s, LOOK_AFTER_S),
            isolation_level=None,
            cached_statements=256,
            check_same_thread=False,
        )
    try:
        with telling(path):
            db.execute(f"PRAGMA synchronous = {synchronous}")
            db.execute("PRAGMA wal_autocheckpoint = 0")
            db.execute(f"PRAGMA journal_size_limit = {wal_bytes:d}")
            db.execute("PRAGMA mmap_size = 0")
    except BaseException:
        db.close()
        raise
    return db


@contextmanager
def file_lock(path: Path, timeout_s: float) -> Generator[bool]:
    """The lock file beside the database, held by one process at a time.

    With a timeout of 0 it gives False where the lock is taken; else `StoreError` after the timeout.
    """
    beside = path.with_name(f"{path.name}.lock")
    patience = Patience(path, timeout_s)
    look_at = time.monotonic() + LOOK_AFTER_S
    while (lock := _locked_file(beside)) is None and timeout_s > 0:
        busy = StoreError(
            f"{beside} is locked by another process", hint="wait until that process ends, or end it"
        )
        if time.monotonic() >= min(look_at, patience.until):
            if (locked := patience.spend(busy)) is not None:
                raise locked
            look_at = time.monotonic() + LOOK_AFTER_S
        time.sleep(0.01)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            os.close(lock)


def _locked_file(beside: Path) -> int | None:
    """The descriptor of the lock file once its lock is ours, or None while another process has it.

    A lock on a file that was deleted meanwhile keeps nobody out.
    """
    while True:
        lock = _open_below(beside, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(lock), os.lstat(beside)):
                return lock
        except BlockingIOError:
            os.close(lock)
            return None
        except FileNotFoundError:
            os.close(lock)
        except BaseException:
            os.close(lock)
            raise
        else:
            os.close(lock)


def _open_below(path: Path, flags: int) -> int:
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return open_plain(path, flags, folder)
    finally:
        os.close(folder)


def check_beside(path: Path) -> None:
    """Raises `StoreError` if the database, or what lies beside it by a name of SQLite's or ours, is
    not a plain file: SQLite would wait for a pipe, and might follow a link.
    """
    real = os.path.realpath(path)
    for name in (real, *(f"{real}{end}" for end in _BESIDE)):
        with suppress(FileNotFoundError, NotADirectoryError):
            if not stat.S_ISREG(os.lstat(name).st_mode):
                raise refuse_to_open(Path(name))


_BESIDE = ("-wal", "-shm", "-journal", ".lock")


def check_place(path: Path, *, create: bool = True, file_system: str | None = None) -> None:
    """Raises `StoreError` where no database can be kept at `path`; makes nothing."""
    folder = path.absolute().parent
    if path.is_dir():
        raise StoreError(f"{path} is a folder", hint="name a file in it")
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{path} cannot be used: {folder} is not a folder")
    check_beside(path)
    if not folder.exists():
        hint = f"create it with `mkdir -p {folder}`" if create else "check the path of the database"
        raise StoreError(f"{path} cannot be used: the folder {folder} does not exist", hint=hint)
    # A single file may be mounted into a container from elsewhere than its folder.
    places = (path, folder) if path.exists() else (folder,)
    kinds = map(file_system_of, places) if file_system is None else (file_system,)
    if refusal := next(filter(None, map(refusal_of, kinds)), None):
        raise StoreError(
            f"{path} {refusal}, where SQLite can lose data",
            hint="put the database on a local disk: --db PATH, or the variable SMITHERS_DB",
        )
    if not create and not path.exists():
        raise StoreError(f"{path} does not exist", hint="check the path of the database")
    readable = path if path.exists() else folder
    for needed in dict.fromkeys((readable, folder)):
        if not os.access(needed, os.R_OK | os.W_OK):
            raise StoreError(
                f"{path} cannot be used: this user may not read and write {needed}",
                hint=f"make {needed} writable, or choose another database",
            )


def is_new(path: Path) -> bool:
    """Whether there is no database at `path` yet: no file, or an empty one."""
    try:
        return path.stat().st_size == 0
    except (FileNotFoundError, NotADirectoryError):
        return True


def _make_folder(path: Path) -> None:
    """Make the folder `.smithers` if the database lies in one, and a `.gitignore` in it for a
    database that is made there. Workflows, settings and skills stay visible to git.
    """
    folder = path.absolute().parent
    if folder.name != ".smithers" or not is_new(path):
        return
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with suppress(FileExistsError):
            ignore = os.open(folder / ".gitignore", flags, 0o644)
            with open(ignore, "w", encoding="utf-8") as file:
                file.write(
                    f"/{path.name}*\n/{path.stem}.runs/\n/logs/\n/worktrees/\n__pycache__/\n"
                )
    except OSError as error:
        raise MachineError.of(error, error.filename or folder, "cannot be created") from error


def version_of(db: sqlite3.Connection) -> int:
    """The version of our database that a connection is open to; 0 for an empty one."""
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    return version


def needs_work(db: sqlite3.Connection, path: Path, newest: int) -> bool:
    """Whether the file is empty or older, seen in one snapshot. Raises where it is not for us."""
    db.execute("BEGIN")
    try:
        ours = db.execute("PRAGMA application_id").fetchone()[0]
        version = version_of(db)
        entries = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
    if ours != APPLICATION_ID:
        if ours == version == entries == 0:
            return True
        raise StoreError(
            f"{path} is a database, but not a Smithers database", hint="choose another"
        )
    if version > newest:
        raise StoreError(
            f"{path} was written by a newer Smithers (version {version}, this Smithers"
            f" supports {newest})",
            hint="upgrade with `pip install --upgrade smithers-orchestrator`",
        )
    return version < newest
