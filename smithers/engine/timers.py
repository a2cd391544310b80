"""The timed waits of a run, and the alarm that wakes its owner for the next of them."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Container, Mapping
from datetime import datetime

from smithers.changes import Key, WaitKind, WaitOpened
from smithers.state import Waiting

__all__ = ["Timers"]

POLL_S = 0.25
"""How often an idle owner looks whether another process wrote; one look costs microseconds."""

_TIMED: tuple[WaitKind, ...] = ("approval", "retry", "cooldown")


class Timers:
    """Rings `wake` when a wait is due, or when it is time to look at the inbox."""

    def __init__(self, now: Callable[[], datetime], wake: asyncio.Event) -> None:
        self._now = now
        self._wake = wake
        self._waits: list[tuple[datetime, Key, WaitKind]] = []
        self._alarm: asyncio.TimerHandle | None = None

    def __bool__(self) -> bool:
        return bool(self._waits)

    def schedule(self, wait: WaitOpened) -> None:
        """Wake up when this wait is due, if it ever is."""
        if wait.due is not None:
            heapq.heappush(self._waits, (wait.due, wait.key, wait.kind))

    def schedule_waits(self, key: Key, waits: Mapping[tuple[Key, WaitKind], Waiting]) -> None:
        """Wake up for each wait of a node that is due some time."""
        if not waits:
            return
        for kind in _TIMED:
            if (wait := waits.get((key, kind))) is not None:
                self.schedule(wait.opened)

    def is_due(self, now: datetime) -> bool:
        return bool(self._waits) and self._waits[0][0] <= now

    def take(
        self,
        now: datetime,
        looked: datetime | None,
        waits: Mapping[tuple[Key, WaitKind], Waiting],
        known: Container[Key],
    ) -> tuple[Key, WaitKind] | None:
        """The next wait that is due and still stands; those that no longer do are forgotten.

        An approval's time is not up before the inbox was read (`looked`) later than it was due: an
        answer that was written in time may still be unread.
        """
        while self.is_due(now):
            due, key, kind = self._waits[0]
            if kind == "approval" and (looked is None or looked < due):
                return None
            heapq.heappop(self._waits)
            wait = waits.get((key, kind))
            if wait is not None and wait.opened.due == due and key in known:
                return key, kind
        return None

    def set_alarm(self) -> None:
        """Be woken for the next look at the inbox, or the next timer. An alarm that comes too early
        is harmless, so one that is set already is kept: a step sets none of its own.
        """
        pause = POLL_S
        if self._waits:
            left = (self._waits[0][0] - self._now()).total_seconds()
            pause = min(POLL_S, max(0.0, left))
        loop = asyncio.get_running_loop()
        at = loop.time() + pause
        if self._alarm is not None:
            if self._alarm.when() <= at:
                return
            self._alarm.cancel()
        self._alarm = loop.call_at(at, self._ring)

    def close(self) -> None:
        """Ring no more."""
        if self._alarm is not None:
            self._alarm.cancel()

    def _ring(self) -> None:
        self._alarm = None
        self._wake.set()
