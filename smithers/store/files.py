"""Where the streams of attempts are: files beside the database, found from the attempt's row.

The engine writes there and reports read. Ids never become file names, but for a run's own.

A repository can ship such files, so no symbolic link is followed below the database's folder, and
nothing but a regular file is opened.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import IO

__all__ = ["events_file", "open_file", "owner_log", "raw_file", "read_file", "streams_folder"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def streams_folder(database: Path, run_id: str) -> Path:
    """The folder of a run's streams: `smithers.runs/RUN` beside `smithers.db`."""
    return database.resolve().with_suffix(".runs") / run_id


def events_file(folder: Path, serial: int) -> Path:
    """What an attempt said, as our events."""
    return folder / f"{serial}.events.jsonl"


def raw_file(folder: Path, serial: int) -> Path:
    """The program's own stream."""
    return folder / f"{serial}.raw.jsonl"


def owner_log(folder: Path) -> Path:
    """What the processes said that drove the run without a terminal."""
    return folder / "owner.log"


def open_file(path: Path, flags: int) -> int:
    """A descriptor of a file in a run's folder, which is made if need be, readable by this user
    alone. Raises `OSError`: ELOOP or ENOTDIR for a symbolic link.
    """
    run, streams = path.parent, path.parent.parent
    above = os.open(streams.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for folder in (streams, run):
        try:
            if flags & os.O_CREAT:
                with suppress(FileExistsError):
                    os.mkdir(folder.name, 0o700, dir_fd=above)
            below = os.open(folder.name, _FOLDER, dir_fd=above)
        finally:
            os.close(above)
        above = below
    try:
        # Without O_NONBLOCK a named pipe would be waited for.
        more = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        found = os.open(path.name, flags | more, 0o600, dir_fd=above)
    finally:
        os.close(above)
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return found


def read_file(path: Path) -> IO[bytes]:
    """A file in a run's folder, to be read. Raises as `open_file`."""
    return os.fdopen(open_file(path, os.O_RDONLY), "rb")
