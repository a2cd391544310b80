"""A run as of one frame, with what lies around its state: all that a view is made from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from smithers import waits
from smithers.changes import ENDED
from smithers.values import dataclass
from smithers.views._texts import Held
from smithers.views._tree import Tree

if TYPE_CHECKING:
    from smithers.changes import Key, RunStatus
    from smithers.sources import SourceView
    from smithers.state import RunState
    from smithers.store import Below, Cooldown, InboxRow, NewRun, Owner
    from smithers.store.lease import Beat
    from smithers.views._texts import Texts

__all__ = ["OwnerView", "Snapshot", "StartedRun", "Status", "answered_waits", "status_of"]

Status = Literal["running", "waiting", "stale", "finished", "continued", "failed", "cancelled"]


@dataclass(frozen=True, kw_only=True)
class StartedRun:
    """A run that a process of a node has started."""

    run_id: str
    key: Key
    workflow: str
    status: Status


@dataclass(frozen=True, kw_only=True)
class OwnerView:
    """The process that owns a run, living or not; `beat_at` is when it last said that it lives."""

    pid: int
    alive: bool
    beat_at: datetime


def status_of(stored: RunStatus, *, alive: bool) -> Status:
    """The status of a run, `stale` if it should continue and no living process owns it."""
    return "stale" if stored == "running" and not alive else stored


def _never(serial: int) -> None:
    return None


def _gone(owner: Owner) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A run's state at a frame, and what is not part of its state: its row, its owner, the notes
    of its inbox that no frame has taken, cooldowns of its agents, and the time.

    `gave_up` is why it is no longer started unattended, and `owner_log` the log of its processes,
    if it has one. `is_called`: it was sent a note that is to be taken. `heard` gives the time of
    the last output of a running attempt, by its serial; `is_gone` says whether a process has ended
    for certain.
    """

    run: NewRun
    state: RunState
    now: datetime
    beat: Beat | None = None
    alive: bool = False
    notes: Sequence[InboxRow] = ()
    sent: Sequence[InboxRow] = ()
    """The signals that were sent and that no frame has taken, also of a run that has ended."""
    last_run: str | None = None
    """The last of the runs as which it has continued."""
    is_called: bool = False
    gave_up: str | None = None
    owner_log: str | None = None
    cooldowns: Sequence[Cooldown] = ()
    texts: Texts = field(default_factory=Held)
    heard: Callable[[int], datetime | None] = _never
    is_gone: Callable[[Owner], bool] = _gone
    children: Mapping[str, Snapshot] = field(default_factory=dict[str, "Snapshot"])
    """The child runs that it waits for, the first ones if there are many: each as which it has
    continued, by the id of the one that the run has started.
    """
    started: Sequence[StartedRun] = ()
    source: SourceView | None = None
    """The author's files as of the frame, where they are to be shown."""
    below: Sequence[Below] = ()
    """What runs have used that count for its budgets, since its agents have started them."""

    @property
    def run_id(self) -> str:
        return self.run.run_id

    @property
    def status(self) -> Status:
        return status_of(self.state.run_status, alive=self.alive)

    @property
    def has_ended(self) -> bool:
        return self.state.run_status in ENDED

    @property
    def since(self) -> datetime:
        """When the run came to its status."""
        return self.state.time_of(self.state.status_frame)

    @property
    def owner(self) -> OwnerView | None:
        if self.beat is None:
            return None
        pid = self.beat.owner.pid
        return OwnerView(pid=pid, alive=self.alive, beat_at=self.beat.beat_at)

    @cached_property
    def tree(self) -> Tree:
        return Tree.of(self.state)

    @cached_property
    def answered(self) -> Collection[tuple[Key, str]]:
        """The waits, by key and kind, whose answer is in the inbox."""
        return answered_waits(self.state, self.notes)

    def cooling(self, limits: Collection[str]) -> tuple[Cooldown, ...]:
        """Those of the given limits that still hold, in their order."""
        current = {one.key: one for one in self.cooldowns if one.until > self.now}
        return tuple(current[limit] for limit in limits if limit in current)

    @property
    def known_until(self) -> datetime:
        """Now; of a run that has ended, or whose owner is gone, its last activity."""
        is_over = self.has_ended or self.status == "stale"
        return self.last_activity() if is_over else self.now

    def last_activity(self, serials: Collection[int] | None = None) -> datetime:
        """The time of the last frame, or of the last output of an attempt that is running: of all,
        or of the given ones.
        """
        latest = self.state.time_of(self.state.frame)
        if serials is None:
            serials = [one.serial for one in self.state.running()]
        return max([latest, *(at for one in serials if (at := self.heard(one)) is not None)])


def answered_waits(state: RunState, notes: Sequence[InboxRow]) -> set[tuple[Key, str]]:
    """The open waits that a note answers: an approval by the frame in which it was asked, a budget
    by its node.
    """
    found: set[tuple[Key, str]] = set()
    for note in notes:
        if note.key is None or note.id <= state.inbox:
            continue
        for kind in waits.DECISIONS:
            wait, answer = state.waits.get((note.key, kind)), waits.traits(kind).answered_by
            if wait is not None and note.kind == answer and note.opened in (None, wait.frame):
                found.add((note.key, kind))
    return found
