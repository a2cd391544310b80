"""The timed waits of a run, and the alarm that wakes its owner for the next of them."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Container, Mapping
from datetime import datetime, timedelta

from smithers.changes import Key, WaitKind, WaitOpened
from smithers.clock import Basis, Deadline, Moment
from smithers.state import Waiting
from smithers.waits import traits

__all__ = ["POLL_S", "Timers"]

POLL_S = 0.25
"""How often an idle owner looks whether another process wrote; one look costs microseconds."""

_Timer = tuple[timedelta, datetime, Key, WaitKind]
"""When it is due on the clock of its heap and by its row, and the wait."""


class Timers:
    """Rings `wake` when a wait is due, or when it is time to look at the inbox."""

    def __init__(self, now: Callable[[], Moment], wake: asyncio.Event) -> None:
        self._now = now
        self._wake = wake
        self.heaps: dict[Basis, list[_Timer]] = {}
        """The timers of each clock, the next one first; empty if no wait is due some time."""
        self._deadlines: dict[tuple[Key, WaitKind], tuple[datetime, Deadline]] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self._rang = False

    def schedule(self, wait: WaitOpened, basis: Basis, now: Moment) -> None:
        """Wake up when this wait is due, if it ever is; `now` is when its row was made or read."""
        if wait.due is None:
            return
        key = (wait.key, wait.kind)
        if (known := self._deadlines.get(key)) is not None and known[0] == wait.due:
            return
        deadline = now.deadline(wait.due, basis)
        self._deadlines[key] = (wait.due, deadline)
        timer = (deadline.at, wait.due, wait.key, wait.kind)
        heapq.heappush(self.heaps.setdefault(basis, []), timer)

    def left(self, wait: WaitOpened, now: Moment) -> timedelta | None:
        """How long until this wait is due; None if it never is."""
        if wait.due is None:
            return None
        known = self._deadlines.get((wait.key, wait.kind))
        return wait.due - now.wall if known is None else known[1].left(now)

    def is_near(
        self,
        now: Moment,
        within: timedelta,
        waits: Mapping[tuple[Key, WaitKind], Waiting],
        known: Container[Key],
    ) -> bool:
        """Whether the next timer of a clock is due within this time, of a wait that is open."""
        for basis, heap in self.heaps.items():
            at, due, key, kind = heap[0]
            wait = waits.get((key, kind))
            is_open = wait is not None and wait.opened.due == due and key in known
            if is_open and at - now.reading(basis) <= within:
                return True
        return False

    def is_due(self, now: Moment) -> bool:
        return any(heap[0][0] <= now.reading(basis) for basis, heap in self.heaps.items())

    def take(
        self,
        now: Moment,
        looked: Moment | None,
        waits: Mapping[tuple[Key, WaitKind], Waiting],
        known: Container[Key],
    ) -> tuple[Key, WaitKind] | None:
        """The next wait that is due and still open; those that no longer are, are forgotten.

        One that an inbox row answers is not due before the inbox was read (`looked`) later than
        that: an answer that was written in time may still be unread.
        """
        for basis in list(self.heaps):
            heap = self.heaps[basis]
            while heap and heap[0][0] <= now.reading(basis):
                at, due, key, kind = heap[0]
                if traits(kind).answered_by and (looked is None or looked.reading(basis) < at):
                    break
                self._forget(basis)
                wait = waits.get((key, kind))
                if wait is not None and wait.opened.due == due and key in known:
                    return key, kind
        return None

    def _forget(self, basis: Basis) -> None:
        """Take the next timer of a clock away."""
        heap = self.heaps[basis]
        _, due, key, kind = heapq.heappop(heap)
        if self._deadlines.get((key, kind), (None,))[0] == due:
            del self._deadlines[key, kind]
        if not heap:
            del self.heaps[basis]

    def set_alarm(self) -> None:
        """Be woken for the next look at the inbox, or the next timer. An alarm that comes too early
        is harmless, so one that is set already is kept: a step sets none of its own.
        """
        pause = POLL_S
        if self.heaps:
            now = self._now()
            lefts = (heap[0][0] - now.reading(basis) for basis, heap in self.heaps.items())
            pause = min(POLL_S, max(0.0, min(lefts).total_seconds()))
        loop = asyncio.get_running_loop()
        at = loop.time() + pause
        if self._alarm is not None:
            if self._alarm.when() <= at:
                return
            self._alarm.cancel()
        self._alarm = loop.call_at(at, self.ring)

    def ring(self) -> None:
        """It is time to look."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = None
        self._rang = True
        self._wake.set()

    def take_ring(self) -> bool:
        """Whether it rang since this was asked last."""
        rang, self._rang = self._rang, False
        return rang

    def close(self) -> None:
        """Ring no more."""
        if self._alarm is not None:
            self._alarm.cancel()
