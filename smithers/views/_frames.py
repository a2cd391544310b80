"""A run frame by frame: each change with its node and its words.

A change refers to its attempt by a serial, so a frame is viewed with the attempts that were started
up to it: those of a state, or `Attempts` where frames are read without one.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    CameUp,
    ChoiceMade,
    Key,
    MessageGiven,
    NodeGone,
    NodeMounted,
    ReadMade,
    SessionSeen,
    SignalGiven,
    StatusChanged,
    UsageCounted,
)
from smithers.naming import key_name
from smithers.state import Total
from smithers.texts import object_from
from smithers.values import dataclass
from smithers.views._change_words import change_words
from smithers.views._changes import PLACES, shown_changes
from smithers.views._usage import Usage, usage_of

if TYPE_CHECKING:
    from smithers.changes import (
        Frame,
    )
    from smithers.state import Attempted
    from smithers.views._changes import Shown
    from smithers.views._lineage import Lineage

__all__ = [
    "AttemptName",
    "Attempts",
    "ChangeView",
    "FrameView",
    "Story",
    "TimelineView",
    "view_frame",
]


class AttemptName(NamedTuple):
    """Which attempt of which task, and by which agent."""

    key: Key
    number: int
    agent: str


_UNKNOWN = AttemptName(Key("?"), 0, "?")


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeView:
    """A change with its node, which is None for the run as a whole, and its words. `attempt` is set
    if the change is about one that was started before it.
    """

    change: Shown
    key: Key | None
    attempt: AttemptName | None
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameView:
    """A frame, or a page of its changes, of which the first has the number `first`."""

    number: int
    at: datetime
    changes: tuple[ChangeView, ...]
    first: int = 0
    why: str | None = None
    """What made this frame, in words, where a run is viewed from its first frame on."""
    so_far: Usage | None = None
    """What the run had used then by itself, where it is viewed from its first frame on."""

    @property
    def cursor(self) -> str:
        """The id of the last change."""
        return f"{self.number}.{self.first + len(self.changes) - 1}"

    def page(self, first: int, most: int) -> FrameView:
        """At most so many of its changes, from a number on."""
        return replace(self, changes=self.changes[first : first + most], first=first)


@dataclass(frozen=True, kw_only=True)
class TimelineView:
    """All frames of a run."""

    run_id: str
    frames: tuple[FrameView, ...]
    lineage: Lineage


class Attempts:
    """The attempts that were started up to some frame, by serial, and the tasks that had any."""

    def __init__(self) -> None:
        self.named: dict[int, AttemptName] = {}
        self.tried: set[Key] = set()

    def add(self, serial: int, name: AttemptName) -> None:
        self.named[serial] = name
        self.tried.add(name.key)

    def view(self, frame: Frame) -> FrameView:
        """The frame that follows those viewed before, with its changes in order."""
        for change in frame.changes:
            if isinstance(change, AttemptStarted):
                name = AttemptName(change.key, change.number, change.agent)
                self.add(change.serial, name)
        return _in_order(view_frame(frame, self.named, self.tried))


class Story(Attempts):
    """A run from its first frame on: why there is each frame, and what was used up to it."""

    def __init__(self) -> None:
        super().__init__()
        self._inherited: set[int] = set()
        self._used = Total()

    def view(self, frame: Frame) -> FrameView:
        for change in frame.changes:
            if isinstance(change, AttemptStarted) and change.origin is not None:
                self._inherited.add(change.serial)
        for change in frame.changes:
            if isinstance(change, UsageCounted) and change.serial not in self._inherited:
                self._used.add(change)
        view = super().view(frame)
        return replace(view, why=_why(view), so_far=usage_of(self._used))


def view_frame(
    frame: Frame,
    attempts: Mapping[int, AttemptName | Attempted],
    tried: Container[Key],
    *,
    only: Container[type[Shown]] | None = None,
) -> FrameView:
    """A frame as its changes were made; those of some kinds alone if `only` has them. `attempts`
    are those up to and including the frame, and `tried` the tasks that had one.
    """
    moved, cached = _moved(frame), _cached(frame)
    return FrameView(
        number=frame.number,
        at=frame.at,
        changes=tuple(
            _view(change, attempts, tried, moved, cached, frame.at)
            for change in shown_changes(frame, only)
        ),
    )


def _in_order(frame: FrameView) -> FrameView:
    """The frame with its changes in the order of `Shown`. The database keeps no order."""
    return replace(
        frame, changes=tuple(sorted(frame.changes, key=lambda one: PLACES[type(one.change)]))
    )


_FOLLOWS = (NodeMounted, NodeGone, ReadMade, ChoiceMade, CameUp, SessionSeen, UsageCounted)
"""What follows from something else in its frame, or says nothing of why it was made."""


def _why(frame: FrameView) -> str:
    """The first thing that happened in a frame: the others follow from it."""
    words = (one.words for one in frame.changes if not isinstance(one.change, _FOLLOWS))
    return next(words, "the run continued")


def _moved(frame: Frame) -> frozenset[str]:
    """The nodes that leave and join in one frame: they only change their place."""
    gone = {change.id for change in frame.changes if isinstance(change, NodeGone)}
    if not gone:
        return frozenset()
    joined = {change.id for change in frame.changes if isinstance(change, NodeMounted)}
    return frozenset(gone & joined)


def _cached(frame: Frame) -> dict[Key, str]:
    """The tasks that take the answer of another run in a frame, and that run."""
    return {
        change.key: str((object_from(change.value) or {}).get("run_id"))
        for change in frame.changes
        if isinstance(change, ChoiceMade) and change.kind == "cached"
    }


def _view(
    change: Shown,
    attempts: Mapping[int, AttemptName | Attempted],
    tried: Container[Key],
    moved: frozenset[str],
    cached: Mapping[Key, str],
    at: datetime,
) -> ChangeView:
    key, attempt = _about(change, attempts)
    name = "" if key is None else key_name(key)
    number = 0 if attempt is None else attempt.number
    words = change_words(change, name, number, at=at, moved=moved, tried=tried, cached=cached)
    return ChangeView(change=change, key=key, attempt=attempt, words=words)


def _about(
    change: Shown, attempts: Mapping[int, AttemptName | Attempted]
) -> tuple[Key | None, AttemptName | None]:
    """The node of a change, and its attempt if it refers to one."""
    match change:
        case AttemptEnded() | SessionSeen() | UsageCounted() | MessageGiven():
            found = attempts.get(change.serial, _UNKNOWN)
            return found.key, AttemptName(found.key, found.number, found.agent)
        case NodeMounted() | NodeGone():
            return Key(change.id), None
        case ReadMade():
            return change.reader, None
        case StatusChanged() | SignalGiven():
            return None, None
        case _:
            return change.key, None
