"""The slots of pools on this machine: files of this user, locked while a task has the slot.

A pool is a folder below the user's state folder, the same for all projects. Its files `0`, `1`, ...
are locked (`flock`) by the processes that have a slot, so that the kernel frees the slots of a
process that dies. The files are never deleted, and a program that is started inherits none of them.

A slot is given if fewer than `limit` are taken, whoever took them by whichever limit: of two
settings with different limits each is kept. Whoever counts has the file `gate` locked; nobody waits
for it, since whoever finds it locked comes again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from smithers.engine.private_files import state_folder
from smithers.errors import MachineError

__all__ = ["Queued", "Slot", "SlotFiles"]

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_SHOWN = 40


class Slot:
    """A slot that this process has, until it is released."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Give the slot back; once is enough."""
        if self._descriptor is not None:
            # A process that was forked without exec shares the lock, which closing does not end.
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)
            self._descriptor = None


class Queued:
    """That a run waits for a slot of a pool, as long as this is not left: a shared lock."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def has_others(self) -> bool:
        """Whether another run waits as well."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            with suppress(BlockingIOError):  # another run asks the same just now
                fcntl.flock(self._descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False

    def leave(self) -> None:
        os.close(self._descriptor)


class SlotFiles:
    """The slots of all pools, in a folder that is made when the first of them is taken."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def of_user(cls, environment: Mapping[str, str]) -> SlotFiles:
        """Those of the user whose environment this is. Raises `Refused`."""
        return cls(state_folder(environment) / "pools")

    def take(self, pool: str, limit: int) -> Slot | None:
        """A slot, if fewer than `limit` are taken. Raises `MachineError`."""
        with self._counting(pool) as folder:
            free, taken = _count(folder, limit, fcntl.LOCK_EX)
            if taken < limit and not free and folder is not None:
                found = _lock(folder / str(taken), fcntl.LOCK_EX)
                free += [] if found is None else [found]
            mine = 1 if taken < limit else 0
            for descriptor in free[mine:]:
                os.close(descriptor)
            return Slot(free[0]) if mine and free else None

    def count_free(self, pool: str, limit: int) -> int:
        """How many slots are free now. Raises `MachineError`."""
        with self._counting(pool) as folder:
            free, taken = _count(folder, limit, fcntl.LOCK_SH)
            for descriptor in free:
                os.close(descriptor)
            return limit - taken

    def queue(self, pool: str) -> Queued | None:
        """Let others know that a run waits for a slot; None if it is to try again."""
        with _of_this_machine(self._folder):
            found = _lock(self._folder_of(pool) / "queue", fcntl.LOCK_SH)
            return None if found is None else Queued(found)

    @contextmanager
    def _counting(self, pool: str) -> Generator[Path | None]:
        """The folder of a pool, locked; None if another process counts at this moment."""
        with _of_this_machine(self._folder):
            folder = self._folder_of(pool)
            gate = _lock(folder / "gate", fcntl.LOCK_EX)
            if gate is None:
                yield None
                return
            try:
                yield folder
            finally:
                os.close(gate)

    def _folder_of(self, pool: str) -> Path:
        """A name may have any characters: the folder has the plain ones, and a digest."""
        digest = hashlib.sha256(pool.encode(errors="surrogatepass")).hexdigest()[:16]
        plain = re.sub(r"[^a-z0-9]+", "-", pool.lower())[:_SHOWN]
        folder = self._folder / f"{plain}.{digest}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder


def _count(folder: Path | None, limit: int, how: int) -> tuple[list[int], int]:
    """The slots that are free, locked, and the number of those that are taken, `limit` if they are
    enough or nobody may count.
    """
    if folder is None:
        return [], limit
    free: list[int] = []
    taken = 0
    while taken < limit and (path := folder / str(taken + len(free))).exists():
        if (found := _lock(path, how)) is None:
            taken += 1
        else:
            free.append(found)
    return free, taken


def _lock(path: Path, how: int) -> int | None:
    """The file, locked; None if somebody else has it."""
    descriptor = os.open(path, _FLAGS, 0o600)
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def _of_this_machine(folder: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        what = "cannot keep the slots of pools"
        raise MachineError.of(error, error.filename or folder, what) from error
