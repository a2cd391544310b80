"""Where the streams of attempts are: files beside the database, found from the attempt's row.

The engine writes there and reports read. Ids never become file names, but for a run's own. What a
repository ships may lie there as well, so a file is opened below its folder, and never through a
link: else what agents say would be appended to, or read from, any file of this user.
"""

from __future__ import annotations

import errno
import os
import shlex
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from smithers.errors import StoreError
from smithers.store.ownership import is_foreign, writers_of

__all__ = [
    "beside",
    "check_plain",
    "check_streams",
    "events_file",
    "files_of",
    "inside",
    "last_written",
    "open_plain",
    "output_file",
    "owner_log",
    "raw_file",
    "refuse_to_open",
    "streams_folder",
]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PLAIN = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""A pipe with a name is opened without waiting for its other end, and then refused."""


def files_of(database: Path) -> tuple[Path, ...]:
    """A database, what SQLite and we keep beside it, and the folder of the streams of its runs."""
    path = database.resolve()
    beside_it = (path.with_name(f"{path.name}{end}") for end in ("", "-wal", "-shm", ".lock"))
    return (*beside_it, path.with_suffix(".runs"))


def streams_folder(database: Path, run_id: str) -> Path:
    """The folder of a run's streams: `smithers.runs/RUN` beside `smithers.db`.

    Raises `StoreError` for an id that is more than the name of a folder: a row may hold any text.
    """
    _check_name(database, run_id)
    return database.resolve().with_suffix(".runs") / run_id


def beside(folder: Path, run_id: str) -> Path:
    """The folder of another run's streams, which is beside that of a run. Raises `StoreError`."""
    _check_name(folder.parent, run_id)
    return folder.with_name(run_id)


def _check_name(place: Path, run_id: str) -> None:
    if run_id in ("", ".", "..") or "/" in run_id or "\0" in run_id:
        raise StoreError(f"{place} has a run with the invalid id {run_id!r}")


def events_file(folder: Path, serial: int) -> Path:
    """What an attempt said, as our events."""
    return folder / f"{serial}.events.jsonl"


def raw_file(folder: Path, serial: int) -> Path:
    """The program's own stream."""
    return folder / f"{serial}.raw.jsonl"


def output_file(folder: Path, serial: int, name: str) -> Path:
    """What the programs of an attempt wrote, byte for byte; `name` is stdout or stderr."""
    return folder / f"{serial}.{name}"


def last_written(folder: Path, serial: int) -> datetime | None:
    """When a stream of an attempt was last written, or None if it has none."""
    latest: datetime | None = None
    written_by_programs = (output_file(folder, serial, name) for name in ("stdout", "stderr"))
    for file in (events_file(folder, serial), raw_file(folder, serial), *written_by_programs):
        with suppress(OSError):
            written = datetime.fromtimestamp(file.lstat().st_mtime, UTC)
            latest = written if latest is None else max(latest, written)
    return latest


def owner_log(folder: Path) -> Path:
    """What the processes said that drove the run without a terminal."""
    return folder / "owner.log"


@contextmanager
def inside(folder: Path, *, make: bool = False) -> Generator[int]:
    """A descriptor of a run's folder of streams, below which its files are opened.

    With `make` it is made if it is missing, and must be one in which nobody else can put a file.
    Raises `StoreError` if it, or the folder of all runs, is a link, and `OSError`.
    """
    opened: list[int] = []
    try:
        for path in (os.path.dirname(folder), str(folder)):
            try:
                # A link at the end of a path is not followed; above the folder of all runs one is.
                name, above = (os.path.basename(path), opened[-1]) if opened else (path, None)
                opened.append(_open_folder(name, above, make=make))
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.ENOTDIR) and os.path.islink(path):
                    raise refuse_to_open(Path(path)) from error
                error.filename = path  # the system was given the name alone
                raise
            if make:
                _check_writers(path, os.fstat(opened[-1]))
        yield opened[-1]
    finally:
        for fd in opened:
            os.close(fd)


def _open_folder(name: str, above: int | None, *, make: bool) -> int:
    """Open a folder, in another one if that is given; with `make` it is made if it is missing."""
    try:
        return os.open(name, _FOLDER, dir_fd=above)
    except FileNotFoundError:
        if not make:
            raise
    with suppress(FileExistsError):  # another process was faster
        os.mkdir(name, 0o700, dir_fd=above)
    return os.open(name, _FOLDER, dir_fd=above)


def _check_writers(path: str | Path, found: os.stat_result) -> None:
    if is_foreign(found) and os.geteuid() != 0:
        raise refuse_to_open(Path(path), "a folder of another user")
    if (who := writers_of(found)) is not None:
        letter = "o" if who == "everybody" else "g"
        hint = f"chmod {letter}-w {shlex.quote(str(path))}"
        raise StoreError(f"{path} can be written by {who}, so no stream is stored there", hint=hint)


def open_plain(path: Path, flags: int, folder: int | None = None) -> int:
    """Open a plain file, by its name in `folder` if that is given; a descriptor.

    Raises `StoreError` for a link, and for what is not a file, and `OSError`.
    """
    where = path if folder is None else path.name
    try:
        fd = os.open(where, flags | _PLAIN, 0o600, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise refuse_to_open(path) from error
        error.filename = str(path)  # the system may have been given the name alone
        raise
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        os.close(fd)
        raise refuse_to_open(path)
    if found.st_nlink > 1 and flags & os.O_APPEND:
        os.close(fd)
        raise refuse_to_open(path, "a file with a second name")
    return fd


def check_streams(folder: Path) -> None:
    """Raises `StoreError` if a run's streams or its log must not be written below this folder; what
    this machine refuses, it refuses again when they are written.
    """
    with suppress(OSError), inside(folder) as opened:
        for path in (folder.parent, folder):
            _check_writers(path, path.lstat())
        check_plain(owner_log(folder), opened)


def check_plain(path: Path, folder: int) -> None:
    """Raises `StoreError` if something of this name in a folder is not a plain file."""
    with suppress(FileNotFoundError):
        os.close(open_plain(path, os.O_WRONLY | os.O_APPEND, folder))


def refuse_to_open(path: Path, what: str = "not a plain file") -> StoreError:
    """The error for what is a link, or not a plain file."""
    kind = "a symbolic link" if path.is_symlink() else what
    old = path.with_name(f"{path.name}.old")
    return StoreError(
        f"{path} is {kind}, and Smithers does not read or write through it",
        hint=f"check where it came from, and move it away: mv {shlex.quote(str(path))}"
        f" {shlex.quote(str(old))}",
    )
