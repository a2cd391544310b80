"""Which facts of a run were told, so that none is told twice and nothing ends that did not begin.

The tables of SQLite refuse such frames by their keys; the store in memory, by this.
"""

from __future__ import annotations

from collections.abc import Hashable

from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    CameUp,
    Change,
    ChoiceGone,
    ChoiceMade,
    ContainerEnded,
    ContainerReopened,
    FailureHandled,
    Frame,
    Key,
    MessageGiven,
    MessageTaken,
    NodeGone,
    NodeMounted,
    Reset,
    Settled,
    SignalGiven,
    SignalTaken,
    StatusChanged,
    WaitClosed,
    WaitOpened,
)
from smithers.errors import StoreError

__all__ = ["Facts"]

_Fact = tuple[Hashable, ...]


class Facts:
    """The facts of a run so far, by what makes them one; `open` are those that may still end."""

    def __init__(self) -> None:
        self._told: set[_Fact] = set()
        self._open: set[_Fact] = set()
        self._nodes: dict[str, int] = {}
        self._ends: dict[Key, int] = {}

    def add(self, frame: Frame) -> None:
        """Take all facts of a frame, or raise `StoreError` and take none."""
        begun: list[_Fact] = []
        ended: list[_Fact] = []
        for change in frame.changes:
            begun += _begun(change, frame.number)
            ended += self._ended(change, frame.number)
        new = set(begun)
        if len(new) != len(begun) or not self._told.isdisjoint(new):
            raise _defect(frame, "a fact of this run twice")
        # A node that leaves and a container that is reopened were there before; anything else may
        # end in the frame of its birth.
        if len(set(ended)) != len(ended) or not all(
            fact in self._open or (fact in new and fact[0] not in ("node", "end")) for fact in ended
        ):
            raise _defect(frame, "the end of something that does not exist or has already ended")
        self._told |= new
        self._open |= new
        self._open.difference_update(ended)
        mounted = [change.id for change in frame.changes if isinstance(change, NodeMounted)]
        self._nodes.update(dict.fromkeys(mounted, frame.number))
        ends = [one.key for one in frame.changes if isinstance(one, ContainerEnded)]
        self._ends.update(dict.fromkeys(ends, frame.number))

    def _ended(self, change: Change, k: int) -> list[_Fact]:
        match change:
            case NodeGone(id=id):
                return [("node", id, self._nodes.get(id))]
            case ContainerReopened(key=key):
                return [("end", key, self._ends.get(key))]
            case Settled(key=key, came_up=came_up):
                return [("task", key, k if came_up is None else came_up)]
            case AttemptEnded(serial=serial):
                return [("attempt", serial)]
            case WaitClosed(key=key, kind=kind, opened=opened):
                return [("wait", key, kind, opened)]
            case MessageGiven(id=id):
                return [("message", id)]
            case SignalTaken(number=number):
                return [("signal", number)]
            case ChoiceGone(key=key, kind=kind, made=made):
                return [("choice", key, kind, made)]
            case _:
                return []


def _begun(change: Change, k: int) -> list[_Fact]:  # noqa: C901  # one case a kind of change
    match change:
        case NodeMounted(id=id):
            return [("node", id, k)]
        case CameUp(key=key):
            return [("task", key, k)]
        case Settled(key=key, came_up=came_up, output=output):
            given: list[_Fact] = [] if output is None else [("output", key, k)]
            return [*given, ("task", key, k)] if came_up is None else given
        case FailureHandled(key=key):
            return [("handled", key, k)]
        case ContainerEnded(key=key):
            return [("end", key, k)]
        case AttemptStarted(serial=serial):
            return [("attempt", serial)]
        case ChoiceMade(key=key, kind=kind):
            return [("choice", key, kind, k)]
        case WaitOpened(key=key, kind=kind):
            return [("wait", key, kind, k)]
        case MessageTaken(id=id):
            return [("message", id)]
        case SignalGiven(number=number):
            return [("signal", number)]
        case Reset(key=key):
            return [("reset", key, k)]
        case StatusChanged():
            return [("status", k)]
        case _:
            return []


def _defect(frame: Frame, what: str) -> StoreError:
    said = f"frame {frame.number} contains {what}"
    return StoreError(said, hint="this is a bug in Smithers; nothing of the frame was stored")
