"""What a run's owner brings, and who watches it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from random import Random
from secrets import randbits
from typing import Final, Protocol

from smithers.agent import Event
from smithers.changes import Frame, Key
from smithers.clock import SYSTEM, Clock
from smithers.engine.asking import Asking
from smithers.engine.reworking import Again
from smithers.secrets import Secrets
from smithers.sources import Sources
from smithers.state import RunState
from smithers.store import CachedAnswer, Owner
from smithers.store.lease import this_process
from smithers.values import dataclass

__all__ = [
    "NO_POOLS",
    "MachinePools",
    "Observer",
    "Queued",
    "Request",
    "Settings",
    "Slot",
    "Unwatched",
]

Request = Callable[[Asking], Again]
"""What is done again in the first frame of an owner of a run that is resumed; it is told by the
state and the tree, before anything else happens in that frame. May raise `Refused`.
"""


class Observer(Protocol):
    """Whoever watches a run: the terminal, or a log."""

    def frame(self, frame: Frame, state: RunState) -> None:
        """A frame was committed; `state` is the run's after it. Views of it are made when a face
        draws: one for each frame would cost as much as the run is large. Which nodes the frame
        changed is in `views.changed_keys`.
        """
        ...

    def event(self, key: Key, event: Event) -> None: ...

    def note(self, text: str) -> None:
        """Something a person should know, such as what a resume reuses, before it starts."""
        ...


class Unwatched:
    """Nobody watches."""

    def frame(self, frame: Frame, state: RunState) -> None: ...

    def event(self, key: Key, event: Event) -> None: ...

    def note(self, text: str) -> None: ...


def _find_nothing(key: str) -> None:
    """No run has answered anything."""


class Slot(Protocol):
    """A slot of a pool on this machine, until it is released."""

    def release(self) -> None: ...


class Queued(Protocol):
    """That a run waits for a slot, as others can see until it leaves."""

    def has_others(self) -> bool: ...

    def leave(self) -> None: ...


class MachinePools(Protocol):
    """The slots of the pools of this machine; each may raise `MachineError`."""

    def take(self, pool: str, limit: int) -> Slot | None:
        """A slot, if fewer than `limit` are taken."""
        ...

    def count_free(self, pool: str, limit: int) -> int:
        """How many slots are free now."""
        ...

    def queue(self, pool: str) -> Queued | None:
        """Let others know that a run waits; None if it is to try again."""
        ...


class _NoPools:
    """No pool has a limit on the machine."""

    def take(self, pool: str, limit: int) -> None: ...

    def count_free(self, pool: str, limit: int) -> int:
        return 0

    def queue(self, pool: str) -> None: ...


def _draw(key: Key) -> int:
    return randbits(53)


NO_POOLS: Final[MachinePools] = _NoPools()


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run's owner brings. `linger_s`: with a timed wake nearer than that it stays up.
    `pools` are limits by name, which count more than the workflow's; those of `machine_pools` are
    on this machine, of which `machine` has the slots. `marks` are variables for the
    processes of all attempts, beside those that name the attempt. `find_answer` gives the answer of
    an earlier run by its key. `again` is what is done again by request, once.
    """

    folder: Path
    streams: Path
    marks: Mapping[str, str] = field(default_factory=dict[str, str])
    max_concurrency: int | None = None
    linger_s: float = 60.0
    pools: Mapping[str, int] = field(default_factory=dict[str, int])
    machine_pools: Mapping[str, int] = field(default_factory=dict[str, int])
    machine: MachinePools = NO_POOLS
    find_answer: Callable[[str], CachedAnswer | None] = _find_nothing
    secrets: Secrets = field(default_factory=lambda: Secrets({}))
    clock: Clock = SYSTEM
    random: Random = field(default_factory=Random)
    seed: Callable[[Key], int] = _draw
    """The seed of the random numbers of a flow that starts."""
    owner: Callable[[], Owner] = this_process
    """Who owns the child runs."""
    again: Request | None = None
    sources: Sources | None = None
    """The author's files that were loaded, which child runs of the same file have as well."""
    believes: Callable[[], bool] = bool
    """Whether this user trusts the database, so that its rows may name processes to end."""
