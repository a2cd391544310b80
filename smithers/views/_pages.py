"""What is read of a run a page at a time: its events, and what its agents said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from smithers.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime

    from smithers.changes import Key
    from smithers.views._frames import AttemptName, FrameView
    from smithers.views._snapshot import Status

__all__ = [
    "EventsPage",
    "LinesPage",
    "LogEvent",
    "LogPage",
    "MessageView",
    "TaskMessage",
    "TranscriptEntry",
    "TranscriptPage",
]


@dataclass(frozen=True, kw_only=True)
class EventsPage:
    """Frames with those of their changes that are in the page. `cursor` is the id of the last
    change, `more` says that others follow already, and `status` is that of the same moment.
    """

    run_id: str
    status: Status
    frames: tuple[FrameView, ...]
    cursor: str | None
    more: bool


@dataclass(frozen=True, kw_only=True)
class LinesPage:
    """Events in short lines, each with its time in UTC. `cursor` is the id of the last event that
    was looked at.
    """

    status: Status
    lines: tuple[str, ...]
    cursor: str | None
    more: bool


@dataclass(frozen=True, kw_only=True)
class TranscriptEntry:
    """What an agent said or did, or a piece of it."""

    attempt: int
    iteration: tuple[int, ...]
    text: str


@dataclass(frozen=True, kw_only=True)
class TranscriptPage:
    """Entries in order. `cursor` is None if nothing was shown yet; `more` says that others follow
    already.
    """

    entries: tuple[TranscriptEntry, ...]
    cursor: str | None
    more: bool


@dataclass(frozen=True)
class LogEvent:
    """An event of an attempt. `payload` is what was written for it: its name as `event`, and the
    fields that such an event has. `cursor` is its place in a page of a log.
    """

    attempt: AttemptName
    payload: Mapping[str, Any]
    cursor: str = ""

    @property
    def key(self) -> Key:
        return self.attempt.key


@dataclass(frozen=True, kw_only=True)
class LogPage:
    """Events of a task's attempts, oldest first. `before` is the cursor of those before them, None
    if there are none; `cursor` that of those after them, and `more` says that they are there.
    """

    events: tuple[LogEvent, ...]
    before: str | None
    cursor: str
    more: bool = False


@dataclass(frozen=True, kw_only=True)
class MessageView:
    """What happened to a message: `told` to an agent, in which attempt; `kept` until an agent can
    receive it; or `late`: its task had ended.
    """

    state: Literal["told", "kept", "late"]
    attempt: int | None = None
    agent: str | None = None


@dataclass(frozen=True, kw_only=True)
class TaskMessage:
    """A message that a person sent to the agent of a task, and what happened to it."""

    id: int
    text: str
    by: str
    at: datetime
    view: MessageView
