"""The slots of this machine that the attempts of a run have, and who waits for one.

The plan counts the tasks of a pool within the run (`slots.py`); here an attempt that is to start
also takes a slot of the machine, if its pool has a limit there, and gives it back when it has
ended: a retry takes one anew. If none is free, the plan queues the task, and the run looks again a
few times a second; whoever stands first has a wait in its rows. An owner that has waited for
nothing but slots for longer than it lingers leaves the run, and `supervise` wakes it once a slot is
free (`waking.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smithers import waits
from smithers.changes import Key, WaitOpened
from smithers.clock import Moment
from smithers.engine.asking import Asking
from smithers.engine.plan import Plan
from smithers.engine.settings import Queued, Settings, Slot
from smithers.engine.timers import POLL_S
from smithers.errors import MachineError
from smithers.kinds import Instance
from smithers.tree import Task

__all__ = ["NO_LIMIT", "Slots"]

NO_LIMIT = 1 << 62
"""The limit within the run of a pool that has one on the machine alone."""


class Slots:
    """The slots of one run; `halt` stops it by an error of this machine."""

    def __init__(
        self,
        settings: Settings,
        asking: Asking,
        now: Callable[[], Moment],
        halt: Callable[[Exception], None],
    ) -> None:
        self._limits = settings.machine_pools
        self._machine = settings.machine
        self._linger_s = settings.linger_s
        self._asking = asking
        self._now = now
        self._halt = halt
        self._taken: dict[int, tuple[str, Slot]] = {}
        self._queued: dict[str, Queued] = {}
        self._full: dict[str, float] = {}
        """Pools that had no free slot, and when they are looked at again."""
        self._written: set[Key] = set()
        """Who has a wait. Those of an earlier owner are over (`waits.POOL`)."""
        self._idle_since: float | None = None
        self.is_open = False
        """Whether the run is owned: before that no slot is taken."""

    @property
    def wants_to_open(self) -> bool:
        """Whether tasks take slots as soon as the run is owned."""
        return bool(self._full) and not self.is_open

    @property
    def _plan(self) -> Plan:
        return self._asking.plan

    @property
    def awaited(self) -> dict[str, int]:
        """The pools whose slots it waits for, with their limits."""
        return {pool: self._limits[pool] for pool in self._full}

    def has_limit(self, instance: Instance[Task[Any]]) -> bool:
        return bool(self._limits) and instance.node.pool in self._limits

    # -- an attempt

    def take(self, instance: Instance[Task[Any]]) -> Slot | None:
        """The slot with which an attempt may start; if there is none, its task is queued."""
        pool = instance.node.pool
        assert pool is not None
        slot = self._take(pool) if self.is_open else None
        if slot is None:
            self._fill(pool, 0.0 if self.is_open else -POLL_S)
            self._plan.has_place(instance)
        return slot

    def _take(self, pool: str) -> Slot | None:
        try:
            return self._machine.take(pool, self._limits[pool])
        except MachineError as error:
            self._halt(error)
            return None

    def keep(self, serial: int, instance: Instance[Task[Any]], slot: Slot) -> None:
        """An attempt starts with its slot."""
        assert instance.node.pool is not None
        self._taken[serial] = (instance.node.pool, slot)

    def give_back(self, serial: int) -> None:
        """The attempt has ended. If other runs wait too, one of them may be first to look."""
        if (found := self._taken.pop(serial, None)) is None:
            return
        pool, slot = found
        slot.release()
        queued = self._queued.get(pool)
        if queued is not None and queued.has_others():
            self._fill(pool)
        elif pool in self._full:
            self._unfill(pool)

    def close(self) -> None:
        """Give all back: nothing of the run is attempted here any more."""
        for _, slot in self._taken.values():
            slot.release()
        for queued in self._queued.values():
            queued.leave()
        self._taken.clear()
        self._queued.clear()

    # -- who waits

    def look(self, moment: Moment) -> bool:
        """Let those try again whose pool has a free slot; whether there are any."""
        found = False
        for pool, at in list(self._full.items()) if self._full else ():
            if _seconds(moment) < at or not self.is_open:
                continue
            if self._is_free(pool):
                self._unfill(pool)
                found = True
            else:
                self._full[pool] = _seconds(moment) + POLL_S
        return found

    def _is_free(self, pool: str) -> bool:
        try:
            return self._machine.count_free(pool, self._limits[pool]) > 0
        except MachineError as error:
            self._halt(error)
            return False

    def _fill(self, pool: str, later_s: float = 0.0) -> None:
        self._full[pool] = _seconds(self._now()) + POLL_S + later_s
        self._plan.pools[pool].fill()

    def _unfill(self, pool: str) -> None:
        del self._full[pool]
        self._plan.unfill(pool)

    def write(self, *, is_ready: bool) -> None:
        """Have the rows say who waits: of each pool whoever stands first. `is_ready` is whether
        any task is ready, and may yet try to take a slot.
        """
        if not self.is_open or not self._limits:
            return
        if not is_ready:
            self._look_after()
        if self._full or self._written:
            self._write(self._firsts())

    def _firsts(self) -> dict[Key, str]:
        """Who stands first, by the pools that have no slot."""
        firsts: dict[Key, str] = {}
        for pool in list(self._full):
            if (first := self._plan.pools[pool].first) is None:
                self._unfill(pool)
            else:
                firsts[first.key] = pool
                self._join(pool)
        for pool in self._queued.keys() - self._full.keys():
            self._queued.pop(pool).leave()
        return firsts

    def _write(self, firsts: dict[Key, str]) -> None:
        frame = self._asking.frame
        for key in self._written - firsts.keys():
            frame.close_wait(key, waits.POOL)
        for key, pool in firsts.items():
            limit = str(self._limits[pool])
            frame.open_wait(WaitOpened(key=key, kind=waits.POOL, asked=limit, on=(pool,)))
        self._written = set(firsts)

    def _look_after(self) -> None:
        """Nobody tries by itself any more: those who wait are looked after."""
        for pool in self._limits:
            waiting = self._plan.pools[pool]
            if waiting.is_shared and not waiting.is_full and waiting.may_try:
                self._fill(pool)

    def _join(self, pool: str) -> None:
        if pool not in self._queued and (queued := self._machine.queue(pool)) is not None:
            self._queued[pool] = queued

    # -- how long

    def stays(self) -> bool:
        """Whether the owner of a run in which nothing runs stays for a slot."""
        if not self._full:
            self._idle_since = None
            return False
        now = _seconds(self._now())
        if self._idle_since is None:
            self._idle_since = now
        return now - self._idle_since < self._linger_s

    def is_over(self, moment: Moment) -> bool:
        """Whether it has stayed long enough."""
        since = self._idle_since
        return since is not None and _seconds(moment) - since >= self._linger_s

    def run_on(self) -> None:
        """Something of the run is at work."""
        self._idle_since = None


def _seconds(moment: Moment) -> float:
    return moment.monotonic.total_seconds()
