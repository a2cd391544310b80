"""The end of processes that an owner left behind, by identity: a pid alone may be anybody's."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Iterable, Mapping

from smithers.engine.cgroups import members_of, remove_cgroup
from smithers.engine.launching import ATTEMPT, RUN, launched
from smithers.engine.process_table import ProcessTable, environment_of
from smithers.errors import Refused
from smithers.store import Claimed, Owner, Store
from smithers.store.lease import is_running, started_of, stat_of, this_host

__all__ = [
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
    """End these processes and all their descendants, except runs that this process has launched;
    the pids that are still there afterwards.

    Each gets SIGKILL at once: their owner is dead or was stopped, so nobody could hear an answer.
    """
    if not (given := list(processes)):
        return []  # all processes of a machine are many to look at
    table = ProcessTable()
    above = dict(ancestors(os.getpid()))  # whatever a row says, these stay
    roots = {pid: at for pid, at in given if table.started(pid) == at and pid not in above}
    return _kill({**roots, **table.descendants(roots, without=launched())}, patience_s)


def kill_owner(owner: Owner, *, patience_s: float = 5.0) -> bool:
    """End a process of this host that owned a run, with its descendants; whether it is gone. One
    that this process itself is below is left alone.
    """
    if owner.host != this_host() or started_of(owner.pid) != owner.started:
        return not is_running(owner)
    if owner.pid in dict(ancestors(os.getpid())):
        return False
    table = ProcessTable()
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
    children, spared = ProcessTable().children(os.getpid()), launched()
    left = [
        (pid, started)
        for pid, started in children.items()
        if environment_of(pid).get(ATTEMPT) in (None, ours) and pid not in spared
    ]
    kill_all(left, patience_s=0.5)


def below(pid: int) -> list[int]:
    """What a process has started, except runs that this process has launched."""
    return list(ProcessTable().descendants([pid], without=launched()))


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
            f"process {previous.pid}, the previous owner of the run, is still running and"
            " cannot be ended from here",
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
    """End the members of these control groups, given with their marks; the pids that are still
    there.
    """
    alive: list[int] = []
    for path, mark in groups.items():
        for _ in range(_ROUNDS):
            table = ProcessTable()
            members = members_of(path, mark)
            doomed = {pid: at for pid in members if (at := table.started(pid)) is not None}
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
    """The process and those above it, as far as they can be seen, each with its start time."""
    found: dict[int, str] = {}
    while pid not in found and (stat := stat_of(pid)) is not None:
        found[pid] = stat.started
        pid = stat.parent
    return list(found.items())
