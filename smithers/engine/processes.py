"""The end of processes that an owner left behind, by identity: a pid alone may be anybody's."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Container, Iterable

import psutil

from smithers.engine.launching import ATTEMPT, OWNER, RUN
from smithers.errors import Refused
from smithers.store import Claim, Claimed, ProcessRow, Store
from smithers.store.lease import started_of

__all__ = [
    "AttemptProcesses",
    "adopt_orphans",
    "ancestors",
    "attempt_mark",
    "below",
    "clear_away",
    "end_children",
    "kill_all",
    "marked",
]


def attempt_mark(owner: str, run_id: str, serial: int | None = None) -> str:
    """What tags the processes of an attempt, or of all attempts of an owner's run."""
    return f"{owner}:{run_id}:" + ("" if serial is None else str(serial))


def marked(mark: str) -> list[tuple[int, str]]:
    """The processes whose SMITHERS_ATTEMPT begins so.

    A child that left its parent's session keeps the mark, unless the program cleared it.
    """
    found: list[tuple[int, str]] = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if one.environ().get(ATTEMPT, "").startswith(mark):
                started = started_of(one.pid)
                found += [] if started is None else [(one.pid, started)]
    return found


def kill_all(processes: Iterable[tuple[int, str]], *, patience_s: float = 5.0) -> list[int]:
    """End these processes and all their descendants, but for those that drive runs; the pids that
    are still there afterwards.

    Each gets SIGKILL at once: their owner is dead or was stopped, so nobody could hear an answer.
    """
    doomed: dict[int, str] = {}
    for pid, started in processes:
        if started_of(pid) != started:
            continue
        doomed[pid] = started
        for child in below(pid):
            if (theirs := started_of(child)) is not None:
                doomed[child] = theirs
    for pid, started in doomed.items():
        if started_of(pid) == started:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + patience_s
    while (left := [pid for pid, started in doomed.items() if started_of(pid) == started]) and (
        time.monotonic() < end
    ):
        time.sleep(0.01)
    return left


def end_children() -> None:
    """End what this process has started by itself, as functions of steps do. What attempts of
    agents have started is left to their guards.
    """
    ours = os.environ.get(ATTEMPT)
    left: list[tuple[int, str]] = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error, OSError):
            environment = child.environ()
            guarded = environment.get(ATTEMPT) not in (None, ours)
            if not (guarded or OWNER in environment) and (started := started_of(child.pid)):
                left.append((child.pid, started))
    kill_all(left, patience_s=0.5)


def adopt_orphans() -> None:
    """Make what is orphaned below this process a child of it, where the system can do that."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


_PR_SET_CHILD_SUBREAPER = 36


def below(pid: int) -> list[int]:
    """What a process has started, but for processes that drive runs of their own."""
    children: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        children = psutil.Process(pid).children()
    found: list[int] = []
    for child in children:
        drives = False
        with contextlib.suppress(psutil.Error, OSError):
            drives = OWNER in child.environ()
        if not drives:
            found += [child.pid, *below(child.pid)]
    return found


class AttemptProcesses:
    """The processes of an owner's attempts: the marks they carry, and their rows."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._known: set[int] = set()

    def marks(self, claim: Claim, serial: int) -> dict[str, str]:
        """The environment by which the processes of an attempt are found."""
        return {RUN: self._run_id, ATTEMPT: attempt_mark(claim.owner, self._run_id, serial)}

    async def add(self, store: Store, claim: Claim, serial: int, pid: int) -> None:
        """Remember a process on disk."""
        if (started := started_of(pid)) is not None:
            row = ProcessRow(
                owner=claim.owner, run_id=self._run_id, serial=serial, pid=pid, started=started
            )
            self._known.add(serial)  # first: a write that is cancelled may have happened
            await store.add_process(row)

    async def forget(self, store: Store, claim: Claim, running: Container[int]) -> None:
        """Forget those of attempts that no longer run."""
        for serial in [one for one in self._known if one not in running]:
            await store.remove_processes(claim.owner, self._run_id, serial)
            self._known.discard(serial)


async def clear_away(store: Store, claimed: Claimed, last_owner: str | None) -> None:
    """What the owner before left running dies, and is forgotten, before anything starts.

    Raises `Refused` where a process does not die.
    """
    rows = claimed.processes
    left = [(row.pid, row.started) for row in rows]
    owners = {row.owner for row in rows}
    if last_owner is not None:
        owners.add(last_owner)
    for owner in owners:
        left += await asyncio.to_thread(marked, attempt_mark(owner, claimed.claim.run_id))
    if alive := await asyncio.to_thread(kill_all, left):
        raise Refused(
            f"processes of the run's last owner do not die: {alive}",
            hint="end them by hand, then try again",
        )
    for row in {(row.owner, row.serial): row for row in rows}.values():
        await store.remove_processes(row.owner, row.run_id, row.serial)


def ancestors(pid: int) -> list[tuple[int, str]]:
    """The process and those above it, each with its start time."""
    found: list[tuple[int, str]] = []
    with contextlib.suppress(psutil.Error):
        above = [psutil.Process(pid), *psutil.Process(pid).parents()]
        found.extend(
            (one.pid, started) for one in above if (started := started_of(one.pid)) is not None
        )
    return found
