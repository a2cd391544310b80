"""The end of processes that an owner left behind, by identity: a pid alone may be anybody's."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterable, Mapping

from smithers.engine.cgroups import members_of, remove_cgroup
from smithers.engine.launching import ATTEMPT, RUN
from smithers.engine.process_table import ProcessTable, drives, environment_of
from smithers.errors import Refused
from smithers.store import Claimed, Owner, Store
from smithers.store.lease import is_running, started_of, this_host

__all__ = [
    "adopt_orphans",
    "ancestors",
    "attempt_mark",
    "attempt_marks",
    "below",
    "clear_away",
    "end_children",
    "kill_all",
    "kill_groups",
    "kill_owner",
    "marked",
]


def attempt_mark(owner: str, run_id: str, serial: int | None = None) -> str:
    """What tags the processes of an attempt, or of all attempts of an owner's run."""
    return f"{owner}:{run_id}:" + ("" if serial is None else str(serial))


def attempt_marks(owner: str, run_id: str, serial: int) -> dict[str, str]:
    """The environment by which the processes of an attempt are found."""
    return {RUN: run_id, ATTEMPT: attempt_mark(owner, run_id, serial)}


def marked(mark: str) -> list[tuple[int, str]]:
    """The processes whose SMITHERS_ATTEMPT begins so.

    A child that left its parent's session keeps the mark, unless the program cleared it.
    """
    return list(ProcessTable().marked(mark).items())


def kill_all(processes: Iterable[tuple[int, str]], *, patience_s: float = 5.0) -> list[int]:
    """End these processes and all their descendants, but for those that drive runs; the pids that
    are still there afterwards.

    Each gets SIGKILL at once: their owner is dead or was stopped, so nobody could hear an answer.
    """
    table = ProcessTable()
    above = table.ancestors(os.getpid())  # whatever a row says, we stand below none of these
    # Between its fork and its start a driver looked like its parent, and may be recorded.
    roots = {
        pid: at
        for pid, at in processes
        if table.started(pid) == at and pid not in above and not drives(pid)
    }
    return _kill({**roots, **table.descendants(roots)}, patience_s)


def kill_owner(owner: Owner, *, patience_s: float = 5.0) -> bool:
    """End a process of this host that owned a run, with its descendants but for those that drive
    runs; whether it is gone. One that this process itself stands below is left alone.
    """
    table = ProcessTable()
    if owner.host != this_host() or table.started(owner.pid) != owner.started:
        return not is_running(owner)
    above = table.ancestors(os.getpid())
    if owner.pid in above:
        return False
    # The owner goes first: nothing new begins below it then.
    doomed = {owner.pid: owner.started, **table.descendants([owner.pid])}
    return not _kill(doomed, patience_s)


def _kill(doomed: dict[int, str], patience_s: float) -> list[int]:
    """SIGKILL each of these processes but this one; those that live on after `patience_s`."""
    doomed.pop(os.getpid(), None)
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
    children = ProcessTable().children(os.getpid())
    left = [
        (pid, started)
        for pid, started in children.items()
        if environment_of(pid).get(ATTEMPT) in (None, ours) and not drives(pid)
    ]
    kill_all(left, patience_s=0.5)


def adopt_orphans() -> None:
    """Make what is orphaned below this process a child of it, where the system can do that."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


_PR_SET_CHILD_SUBREAPER = 36


def below(pid: int) -> list[int]:
    """What a process has started, but for processes that drive runs of their own."""
    return list(ProcessTable().descendants([pid]))


async def clear_away(store: Store, claimed: Claimed, last_owner: str | None, trusted: bool) -> None:
    """What the owner before left running dies, and is forgotten, before anything starts: first the
    owner itself, if it is stopped or hangs on this host, since steps run inside it.

    Rows of a database that this user does not trust may name any process, by a pid and a time that
    can be guessed: of those only processes die that carry the mark of an attempt of the run.
    """
    rows = claimed.processes
    previous = claimed.previous
    if previous is not None and not await asyncio.to_thread(kill_owner, previous):
        raise Refused(
            f"process {previous.pid}, which drove the run before, is still there and cannot be"
            " ended from here",
            hint=f"end it with `kill -KILL {previous.pid}`, then try again",
        )
    left = [(row.pid, row.started) for row in rows if trusted]
    owners = {row.owner for row in rows}
    if last_owner is not None:
        owners.add(last_owner)
    for owner in owners:
        left += await asyncio.to_thread(marked, attempt_mark(owner, claimed.claim.run_id))
    groups = {
        row.cgroup: attempt_mark(row.owner, row.run_id, row.serial)
        for row in rows
        if row.cgroup is not None
    }
    alive = await asyncio.to_thread(kill_all, left)
    if alive := [*alive, *await asyncio.to_thread(kill_groups, groups)]:
        raise Refused(
            f"could not kill processes left by the run's previous owner: {alive}",
            hint="end them by hand, then try again",
        )
    for row in {(row.owner, row.serial): row for row in rows}.values():
        await store.remove_processes(row.owner, row.run_id, row.serial)


def kill_groups(groups: Mapping[str, str]) -> list[int]:
    """End the members of these control groups, given with their marks, but for those that drive
    runs, and what is below those; the pids that are still there.
    """
    alive: list[int] = []
    for path, mark in groups.items():
        for _ in range(_ROUNDS):
            table = ProcessTable()
            members = members_of(path, mark)
            alive_here = {pid: at for pid in members if (at := table.started(pid)) is not None}
            drivers = [pid for pid in alive_here if drives(pid)]
            spared = {*drivers, *table.descendants(drivers)}
            doomed = {pid: at for pid, at in alive_here.items() if pid not in spared}
            if not doomed:
                break
            if left := _kill(doomed, 5.0):
                alive += left
                break
        remove_cgroup(path, mark)
    return alive


_ROUNDS = 100
"""So often a group is looked at again, since a member may have started another one meanwhile."""


def ancestors(pid: int) -> list[tuple[int, str]]:
    """The process and those above it, each with its start time."""
    return list(ProcessTable().ancestors(pid).items())
