"""Processes that steps have started and that lost their parent: while a run is driven they become
children of its owner, so that they are still below the run.

Linux only; elsewhere an orphan becomes a child of process 1. What agents have started belongs to
the guards of their attempts. Where `smithers` is process 1 of a container, orphans stay with that
half of it, which collects them at once (`cli/_init.py`).
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress

from smithers.engine.process_table import ProcessTable
from smithers.store.lease import stat_of

__all__ = ["Orphans", "adopt_orphans", "adopting_orphans", "has_children", "has_init"]

_PR_SET_CHILD_SUBREAPER, _PR_GET_CHILD_SUBREAPER = 36, 37  # linux/prctl.h
_ENDED_S = 5.0
"""How long a child has been dead before it is taken for an orphan: who waits for a child of their
own does so at once.
"""

_lock = threading.Lock()
_adopting = 0


def adopt_orphans() -> None:
    """Make what is orphaned below this process a child of it, where the system can do that."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def has_init(pid: int) -> bool:
    """Whether process 1 is the other half of this command, which it forked, so both have the
    same command line.
    """
    stat = stat_of(pid)
    return stat is not None and stat.parent == 1 and bool(_words(1)) and _words(1) == _words(pid)


def _words(pid: int) -> bytes:
    with suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read()
    return b""


@contextmanager
def adopting_orphans() -> Generator[None]:
    """Inside it, what is orphaned below this process becomes a child of it."""
    global _adopting
    if has_init(os.getpid()):
        yield
        return
    with _lock:
        _adopting += 1
        found = ctypes.c_int(0)
        _prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(found))
        changes = not found.value
        adopt_orphans()
    try:
        yield
    finally:
        with _lock:
            _adopting -= 1
            if changes and not _adopting:
                _prctl(_PR_SET_CHILD_SUBREAPER, 0)


class Orphans:
    """The orphans that this process was given and that have ended since: somebody has to collect
    their exit codes, or the system keeps them.
    """

    def __init__(self) -> None:
        self._dead: dict[int, str] = {}
        self._since = 0.0

    def collect(self, *, owned: bool) -> None:
        """Collect those that have been dead for some seconds, unless attempts that run may have
        `owned` children, such as steps: they may still ask for an exit code.
        """
        if owned or not _has_dead_child():
            self._dead = {}
            return
        now = time.monotonic()
        if not self._dead:
            self._dead, self._since = ProcessTable().dead_children(os.getpid()), now
        elif now - self._since >= _ENDED_S:
            dead = ProcessTable().dead_children(os.getpid())
            for pid, started in self._dead.items():
                if dead.get(pid) == started:
                    with suppress(ChildProcessError):
                        os.waitpid(pid, os.WNOHANG)
            self._dead = {}


def has_children() -> bool:
    """Whether a process that this one has started lives, or one that was orphaned below it."""
    if sys.platform == "linux":
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:  # most often, and at the cost of one call
            return False
    return bool(ProcessTable().children(os.getpid()))


def _has_dead_child() -> bool:
    if sys.platform != "linux":
        return False
    try:
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return found is not None


def _prctl(option: int, value: object) -> None:
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
