"""A world in one thread: virtual time, one store in memory, and processes that die and freeze.

A process is a task with a handle to the store. Before and after each of its calls it may be killed
or frozen, as by SIGSTOP; the call then happened or did not, and nobody hears its answer. Nothing is
left to the machine: a seed decides all of it, so a schedule can be repeated.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar

from smithers.changes import AttemptStarted, Frame, SessionSeen
from smithers.clock import Clock
from smithers.errors import UnknownRun
from smithers.store import (
    Claim,
    Claimed,
    History,
    InboxRow,
    Model,
    NewRun,
    Note,
    Owner,
)
from smithers.store.memory import MemoryStore

__all__ = ["LEASE_S", "PROCESS", "Handle", "Process", "VirtualLoop", "World"]

T = TypeVar("T")
LEASE_S = 30.0
START = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


class _NoWaiting(selectors.SelectSelector):
    """Instead of waiting, time goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("everything waits for something that will never come")
        self.passed += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes when nothing is left to do, and at once."""

    def __init__(self) -> None:
        self._waits = _NoWaiting()
        super().__init__(self._waits)

    def time(self) -> float:
        return self._waits.passed


def _loop_ns() -> int:
    return round(asyncio.get_running_loop().time() * 1e6) * 1000


class Process:
    """An owner of runs that may die or freeze; `lost` once another has taken its run."""

    def __init__(self, number: int) -> None:
        self.owner = Owner(id=f"p{number}", host="here", pid=number, started="0")
        self.task: asyncio.Task[None] | None = None
        self.dead = False
        self.lost = False
        self.beat = 0.0
        self._thawed: asyncio.Event | None = None

    @property
    def frozen(self) -> bool:
        return self._thawed is not None

    async def go(self) -> None:
        """Return when the process may go on; never, if it is dead."""
        while self._thawed is not None and not self.dead:
            await self._thawed.wait()
        if self.dead:
            raise asyncio.CancelledError

    def die(self) -> None:
        self.dead = True
        self.thaw()
        if self.task is not None:
            self.task.cancel()

    def freeze(self, now: float) -> None:
        if self._thawed is None:
            self._thawed, self.beat = asyncio.Event(), now

    def thaw(self) -> None:
        if self._thawed is not None:
            self._thawed.set()
            self._thawed = None


PROCESS: ContextVar[Process] = ContextVar("PROCESS")
"""The process in which a body runs."""


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """How likely a process dies or freezes at each of its calls, and how often in all."""

    dies: float
    freezes: float
    most: int


class World:
    """The store, the clock, and the processes; `log` tells what happened, in order."""

    def __init__(self, random: Random, trouble: Trouble) -> None:
        self.random = random
        self.trouble = trouble
        self.troubles = 0
        self.store = MemoryStore(now=self.now, alive=self.holds)
        self.processes: dict[str, Process] = {}
        self.claims: list[Claim] = []
        self.log: list[str] = []
        self.durable: set[tuple[str, int]] = set()
        """The tasks and attempt numbers whose start is written."""
        self.sessions: set[str] = set()
        self.fences: list[tuple[int, int]] = []
        """The fence of each frame that was written, and the largest one by then."""
        self.violations: list[str] = []

    def frames_of(self, run_id: str) -> Sequence[Frame]:
        """What is written, as it is now; none before the run begins."""
        try:
            self.store.load(run_id).send(None)
        except StopIteration as done:  # a store in memory never waits
            history: History = done.value
            return history.frames
        except UnknownRun:
            pass
        return ()

    # -- time

    def now(self) -> datetime:
        return START + timedelta(seconds=asyncio.get_running_loop().time())

    @property
    def clock(self) -> Clock:
        """The three clocks as one: nobody sets it, and the machine never sleeps."""
        return Clock(wall=self.now, monotonic_ns=_loop_ns, boottime_ns=_loop_ns)

    def holds(self, owner: Owner) -> bool:
        """Whether the lease of an owner holds: it beats all the time while it is not frozen."""
        process = self.processes[owner.id]
        if process.dead:
            return False
        age = asyncio.get_running_loop().time() - process.beat
        return not process.frozen or age <= LEASE_S

    async def a_moment(self, most_s: float = 0.5) -> None:
        """Some time, often none."""
        if self.random.random() < 0.6:
            await asyncio.sleep(self.random.random() * most_s)

    # -- trouble

    def say(self, text: str) -> None:
        self.log.append(f"{asyncio.get_running_loop().time():9.3f} {text}")

    def wrong(self, text: str) -> None:
        self.say(f"WRONG: {text}")
        self.violations.append(text)

    def may_strike(self, process: Process, when: str) -> None:
        draw = self.random.random()
        if self.troubles >= self.trouble.most or process.dead or process.frozen:
            return
        if draw < self.trouble.dies:
            self.troubles += 1
            self.say(f"{process.owner.id} dies {when}")
            process.die()
        elif draw < self.trouble.dies + self.trouble.freezes:
            self.troubles += 1
            loop = asyncio.get_running_loop()
            for_s = self.random.choice([5.0, LEASE_S - 1, LEASE_S + 5, 4 * LEASE_S])
            self.say(f"{process.owner.id} freezes {when} for {for_s} s")
            process.freeze(loop.time())
            loop.call_later(for_s, process.thaw)

    # -- processes

    def begin(self, work: Callable[[Process], Awaitable[None]]) -> Process:
        process = Process(len(self.processes) + 1)
        self.processes[process.owner.id] = process

        async def run() -> None:
            PROCESS.set(process)
            await work(process)

        process.task = asyncio.get_running_loop().create_task(run(), name=process.owner.id)
        return process

    def claimed(self, process: Process, claim: Claim) -> None:
        """Whoever owned the run before must be gone, or have lost its lease."""
        for other in self.processes.values():
            if self.claims and other.owner.id == self.claims[-1].owner and other is not process:
                other.lost = True
        self.claims.append(claim)
        self.say(f"{process.owner.id} owns the run, fence {claim.fence}")

    def written(self, claim: Claim, frame: Frame) -> None:
        self.fences.append((claim.fence, max(one.fence for one in self.claims)))
        self.say(f"{claim.owner} wrote frame {frame.number}")
        for change in frame.changes:
            if isinstance(change, AttemptStarted):
                self.durable.add((str(change.key), change.number))
            elif isinstance(change, SessionSeen):
                self.sessions.add(change.session)


class Handle:
    """The store as one process has it: it may end or stop at each call."""

    def __init__(self, world: World, process: Process) -> None:
        self._world = world
        self._process = process

    async def _call(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        world, process = self._world, self._process
        await process.go()
        await world.a_moment()
        await process.go()
        world.may_strike(process, f"before {name}")
        await process.go()
        done = await work()
        world.may_strike(process, f"after {name}")
        await process.go()
        await world.a_moment()
        await process.go()
        return done

    async def create(
        self, run: NewRun, owner: Owner, frame: Frame, models: Sequence[Model] = ()
    ) -> Claim:
        async def work() -> Claim:
            claim = await self._world.store.create(run, owner, frame, models)
            self._world.claimed(self._process, claim)
            self._world.written(claim, frame)
            return claim

        return await self._call("create", work)

    async def claim(self, run_id: str, owner: Owner, *, source: str) -> Claimed:
        async def work() -> Claimed:
            holder = (await self._world.store.load(run_id)).run.owner
            claimed = await self._world.store.claim(run_id, owner, source=source)
            if holder is not None and self._world.holds(self._world.processes[holder].owner):
                self._world.wrong(f"{owner.id} took the run from {holder}, which lives")
            self._world.claimed(self._process, claimed.claim)
            return claimed

        return await self._call("claim", work)

    async def commit(self, claim: Claim, frame: Frame, *more: Any) -> Sequence[InboxRow]:
        async def work() -> Sequence[InboxRow]:
            rows = await self._world.store.commit(claim, frame, *more)
            self._world.written(claim, frame)
            return rows

        return await self._call(f"commit {frame.number}", work)

    async def inbox(self, claim: Claim, after: int) -> Sequence[InboxRow]:
        return await self._call("inbox", lambda: self._world.store.inbox(claim, after))

    async def release(self, claim: Claim) -> None:
        await self._call("release", lambda: self._world.store.release(claim))

    async def load(self, run_id: str) -> History:
        return await self._call("load", lambda: self._world.store.load(run_id))

    async def offer(self, note: Note) -> InboxRow:
        return await self._call("offer", lambda: self._world.store.offer(note))

    async def changed(self, reader: str = "") -> bool:
        await self._process.go()
        await self._world.store.changed(reader)
        return True  # a store may say so where nothing is new

    def __getattr__(self, name: str) -> Any:
        """What is not simulated is the store's own."""
        return getattr(self._world.store, name)
