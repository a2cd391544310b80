"""The processes of attempts as rows, so that a later owner can end what this one left behind.

The first process of an attempt is recorded before the attempt continues. What its guard sees it
start later is written together, when the owner looks at its inbox: the guard ends those processes
even if the owner dies, so their rows matter only if both are killed at once.
"""

from __future__ import annotations

from collections.abc import Container

from smithers.agent import Spawned
from smithers.store import ProcessRow, Store
from smithers.store.lease import started_of

__all__ = ["ProcessRows"]


class ProcessRows:
    """The rows that one owner of a run writes and removes."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self.serials = set[int]()
        """The attempts that have rows, or may have."""
        self._unwritten: list[ProcessRow] = []

    async def add(self, store: Store, owner: str, serial: int, process: Spawned) -> None:
        """Record a process, at once unless its guard reported it."""
        started = started_of(process.pid)
        if started is None or process.started not in (None, started):
            return  # it has ended, and its pid may be another's
        self.serials.add(serial)  # first: a write that is cancelled may have happened
        self._unwritten.append(
            ProcessRow(
                owner=owner,
                run_id=self._run_id,
                serial=serial,
                pid=process.pid,
                started=started,
                cgroup=process.cgroup,
            )
        )
        if process.started is None:
            await self.write(store)

    async def write(self, store: Store) -> None:
        """Write what was added since, in one transaction."""
        if rows := self._unwritten:
            self._unwritten = []
            await store.add_processes(rows)

    async def forget(self, store: Store, owner: str, running: Container[int]) -> None:
        """Remove the rows of attempts that have ended."""
        for serial in [serial for serial in self.serials if serial not in running]:
            self._unwritten = [row for row in self._unwritten if row.serial != serial]
            await store.remove_processes(owner, self._run_id, serial)
            self.serials.discard(serial)
