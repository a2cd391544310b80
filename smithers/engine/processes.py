"""Processes by identity, and their end: a pid alone may be anybody's after a while."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

__all__ = ["identity", "kill_all"]


def identity(pid: int) -> str | None:
    """What tells this process from a later one of the same pid, or None if there is none.

    On Linux the start time in ticks since boot, which no step of the clock changes.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        if Path("/proc/self/stat").exists():
            return None
    try:
        return repr(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def kill_all(processes: Iterable[tuple[int, str]], *, patience_s: float = 5.0) -> list[int]:
    """End these processes and all their descendants; the pids that are still there afterwards.

    Each gets SIGKILL at once: their owner is dead or was stopped, so nobody could hear an answer.
    """
    doomed: dict[int, str] = {}
    for pid, started in processes:
        if identity(pid) != started:
            continue
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(pid).children(recursive=True):
                if (theirs := identity(child.pid)) is not None:
                    doomed[child.pid] = theirs
        doomed[pid] = started
    for pid, started in doomed.items():
        if identity(pid) == started:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + patience_s
    while (left := [pid for pid, started in doomed.items() if _lives(pid, started)]) and (
        time.monotonic() < end
    ):
        time.sleep(0.01)
    return left


def _lives(pid: int, started: str) -> bool:
    if identity(pid) != started:
        return False
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False
