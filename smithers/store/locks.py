"""Which process holds a lock that a writer waits for, and what to do about it.

SQLite waits for a lock without asking who has it. A process that was stopped (SIGSTOP, Ctrl-Z, a
debugger) in the middle of a commit holds the lock until somebody continues or ends it, so a writer
looks after a second: if the holder is stopped, waiting does not help. Linux lists all locks in
`/proc/locks` by device and inode. Elsewhere nothing says who has a lock: there a stopped process
that has one of the files open is taken for the holder.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from smithers.errors import StoreError
from smithers.store.lease import stat_of
from smithers.values import dataclass

__all__ = ["LOOK_AFTER_S", "LockHolder", "Locked", "Patience", "is_busy", "lock_holders"]

LOOK_AFTER_S = 1.0
"""How long a writer waits for a lock before it looks who holds it, and between two looks."""

_STOPPED_FOR_S = 0.3
"""A debugger and strace stop a process for moments all the time; such a process goes on."""

_COMMAND_SHOWN = 160


@dataclass(frozen=True, kw_only=True)
class LockHolder:
    """A process that holds a lock of a database; `started` tells it from a later one of its pid."""

    pid: int
    started: str
    stopped: bool
    command: str

    @property
    def identity(self) -> tuple[int, str]:
        return self.pid, self.started

    def __str__(self) -> str:
        state = "stopped" if self.stopped else "running"
        return f"process {self.pid} ({state}: {self.command})"


class Locked(StoreError):
    """A lock of the database is held by `holders` for longer than this process waits."""

    def __init__(self, path: Path, holders: Sequence[LockHolder]) -> None:
        pids = " ".join(str(holder.pid) for holder in holders)
        stopped = any(holder.stopped for holder in holders)
        hint = f"wait until it has finished, or end it: kill {pids}"
        if stopped:
            hint = f"continue it with `kill -CONT {pids}`, or end it with `kill -KILL {pids}`"
        who = " and ".join(map(str, holders))
        super().__init__(f"{path}: the database is locked by another process: {who}", hint=hint)
        self.holders = tuple(holders)


class Patience:
    """How long one piece of work waits for a lock of the database at `path`."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        self._path = path
        self.until = time.monotonic() + timeout_s

    def spend(self, cause: Exception) -> Locked | None:
        """Another try is due if this returns; `Locked` names processes that were stopped for the
        whole time of the look. Raises `Locked`, or `cause` if no holder is known, once time is up.
        """
        if time.monotonic() >= self.until:
            if holders := lock_holders(self._path):
                raise Locked(self._path, holders) from cause
            raise cause
        if not (first := _stopped(self._path)):
            return None
        time.sleep(min(_STOPPED_FOR_S, max(0.0, self.until - time.monotonic())))
        still = [holder for holder in _stopped(self._path) if holder in first]
        return Locked(self._path, still) if still else None


def is_busy(error: BaseException) -> bool:
    """Whether SQLite gave up waiting for a lock of another process."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_BUSY


def lock_holders(path: Path) -> list[LockHolder]:
    """The other processes that keep writers of the database at `path` waiting, as far as known."""
    pids = _pids_by_proc(path) if sys.platform == "linux" else _pids_by_open_files(path)
    found: list[LockHolder] = []
    for pid in dict.fromkeys(pids):
        stat = stat_of(pid)
        if pid == os.getpid() or stat is None or not stat.alive:
            continue
        command = _command_of(pid)
        found.append(
            LockHolder(pid=pid, started=stat.started, stopped=stat.stopped, command=command)
        )
    return found


def _stopped(path: Path) -> list[LockHolder]:
    return [holder for holder in lock_holders(path) if holder.stopped]


def _files_of(path: Path) -> list[os.stat_result]:
    """The files with locks: the database, its `-shm` with those of the WAL, and our lock file."""
    real = os.path.realpath(path)
    found: list[os.stat_result] = []
    for name in (real, f"{real}-shm", f"{real}.lock"):
        with suppress(OSError):
            found.append(os.stat(name))
    return found


def _pids_by_proc(path: Path) -> Iterator[int]:
    """Those with an exclusive lock: `1: POSIX ADVISORY WRITE 4711 fe:00:131130 120 120`."""
    files = {file.st_ino: file for file in _files_of(path)}
    try:
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        fields = line.split()
        if len(fields) < 8 or fields[1] == "->" or fields[3] != "WRITE":
            continue
        major, minor, inode = fields[5].split(":")
        if (file := files.get(int(inode))) is None or (pid := int(fields[4])) <= 0:
            continue
        device = (int(major, 16), int(minor, 16))
        # Of a file on btrfs or an overlay the kernel names another device here than for `stat`.
        if device == (os.major(file.st_dev), os.minor(file.st_dev)) or _has_open(pid, file):
            yield pid


def _has_open(pid: int, file: os.stat_result) -> bool:
    with suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                if os.path.samestat(os.stat(f"/proc/{pid}/fd/{name}"), file):
                    return True
    return False


def _pids_by_open_files(path: Path) -> Iterator[int]:
    """Stopped processes of this user that have one of the files open."""
    import psutil

    real = os.path.realpath(path)
    wanted = {real, f"{real}-shm", f"{real}.lock"}
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.status() == psutil.STATUS_STOPPED and any(
                file.path in wanted for file in process.open_files()
            ):
                yield process.pid


def _command_of(pid: int) -> str:
    words: list[str] = []
    if sys.platform == "linux":
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    else:
        import psutil

        with suppress(psutil.Error, OSError):
            words = psutil.Process(pid).cmdline()
    text = " ".join(" ".join(words).split())
    return text if len(text) <= _COMMAND_SHOWN else f"{text[:_COMMAND_SHOWN]}…"
