"""All processes of this machine in one pass, and what stands below some of them.

A pass reads each process once, and what is asked of its result costs no more than that. A process
that nobody reaps is dead and owns nothing, so its environment is never read.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Container, Iterable
from contextlib import suppress

from smithers.engine.launching import ATTEMPT
from smithers.store.lease import ProcessStat, stat_of

__all__ = ["ProcessTable", "environment_of"]


class ProcessTable:
    """The processes as they were when this was made."""

    def __init__(self) -> None:
        self._stats: dict[int, ProcessStat] = {}
        self._children: dict[int, list[int]] = {}
        for pid in _pids():
            if (stat := stat_of(pid)) is not None:
                self._stats[pid] = stat
                self._children.setdefault(stat.parent, []).append(pid)

    def started(self, pid: int) -> str | None:
        """When a process started; None if it is not there, or dead."""
        stat = self._stats.get(pid)
        return stat.started if stat is not None and stat.alive else None

    def children(self, pid: int) -> dict[int, str]:
        """The living children of a process with their start times."""
        found = ((child, self._stats[child]) for child in self._children.get(pid, ()))
        return {child: stat.started for child, stat in found if stat.alive}

    def dead_children(self, pid: int) -> dict[int, str]:
        """The children of a process that have ended and were not waited for."""
        found = ((child, self._stats[child]) for child in self._children.get(pid, ()))
        return {child: stat.started for child, stat in found if not stat.alive}

    def descendants(self, roots: Iterable[int], *, without: Container[int] = ()) -> dict[int, str]:
        """The living processes below `roots` with their start times, but for those in `without`
        and what is below those.
        """
        found: dict[int, str] = {}
        seen = set[int]()
        waiting = [child for root in set(roots) for child in self._children.get(root, ())]
        while waiting:
            pid = waiting.pop()
            if pid in seen or pid in without:
                continue
            seen.add(pid)
            if self._stats[pid].alive:
                found[pid] = self._stats[pid].started
            # The first thread of a process may be dead before its last one.
            waiting += self._children.get(pid, ())
        return found

    def marked(self, mark: str) -> dict[int, str]:
        """The living processes whose SMITHERS_ATTEMPT begins with `mark`."""
        return {
            pid: stat.started
            for pid, stat in self._stats.items()
            if stat.alive and environment_of(pid).get(ATTEMPT, "").startswith(mark)
        }


def environment_of(pid: int) -> dict[str, str]:
    """The environment that a process was started with; empty if this user may not read it."""
    if sys.platform == "linux":
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                lines = file.read().decode(errors="replace").split("\0")
        except OSError:
            return {}
        return {name: value for name, sign, value in (x.partition("=") for x in lines) if sign}
    import psutil

    with suppress(psutil.Error, OSError):
        return psutil.Process(pid).environ()
    return {}


def _pids() -> list[int]:
    if sys.platform == "linux":
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    import psutil

    return psutil.pids()
