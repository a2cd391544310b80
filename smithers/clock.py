"""The clocks by which a run measures time.

wall        what a calendar shows. It is set, by a person or by the network, and may go back. It is
            what rows hold, and decides after a restart and for a time that somebody named.
monotonic   never set; it stands still while the machine sleeps. Retries, silence, timeouts, leases.
boottime    never set; it counts the time in which the machine sleeps, too. What a person or an
            author waits for: approvals, deadlines, cooldowns.

A wait that is opened, or loaded from its row, becomes a `Deadline` on its clock; how the wall clock
is set after that changes nothing. macOS shows no clock to Python that counts sleep and is never
set, so boottime is monotonic there: after a sleep a wait is late by as long as the machine slept.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Literal

from smithers.values import dataclass

__all__ = ["SYSTEM", "Basis", "Clock", "Deadline", "Moment"]

Basis = Literal["wall", "monotonic", "boottime"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant on the three clocks; the last two count from any origin."""

    wall: datetime
    monotonic: timedelta
    boottime: timedelta

    def reading(self, basis: Basis) -> timedelta:
        """The instant on one of the clocks, as the time since its origin."""
        if basis == "wall":
            return self.wall - _EPOCH
        return self.monotonic if basis == "monotonic" else self.boottime

    def deadline(self, due: datetime, basis: Basis) -> Deadline:
        """What is due at `due` by the wall clock of this moment, as a time on another clock."""
        return Deadline(basis, self.reading(basis) + (due - self.wall))


@dataclass(frozen=True, slots=True)
class Deadline:
    """A time on one of the clocks, from which on something is due."""

    basis: Basis
    at: timedelta

    def left(self, now: Moment) -> timedelta:
        """How long until it is due; not positive once it is."""
        return self.at - now.reading(self.basis)

    def passed(self, now: Moment) -> bool:
        return self.left(now) <= timedelta(0)

    def due(self, now: Moment) -> datetime:
        """When the wall clock will show that it is due, as that clock is set at this moment."""
        return now.wall + self.left(now)


@dataclass(frozen=True, slots=True)
class Clock:
    """Where time comes from. A test passes its own readings."""

    wall: Callable[[], datetime]
    monotonic_ns: Callable[[], int]
    boottime_ns: Callable[[], int]

    def now(self) -> Moment:
        return Moment(
            self.wall(),
            timedelta(0, 0, self.monotonic_ns() // 1000),  # by name it takes half as long again
            timedelta(0, 0, self.boottime_ns() // 1000),
        )


def _boottime_ns() -> Callable[[], int]:
    if sys.platform == "linux":
        return partial(time.clock_gettime_ns, time.CLOCK_BOOTTIME)
    return time.monotonic_ns


SYSTEM = Clock(
    wall=partial(datetime.now, UTC), monotonic_ns=time.monotonic_ns, boottime_ns=_boottime_ns()
)
