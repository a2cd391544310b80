"""What persons have decided in a run, found from its frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from smithers import waits
from smithers.changes import Frame, Key, WaitClosed, WaitOpened
from smithers.texts import object_from

__all__ = ["Decision", "decisions", "ended_children"]


@dataclass(frozen=True)
class Decision:
    """A question that a person has answered: the frame of the answer."""

    key: Key
    frame: int
    opened: WaitOpened


def decisions(frames: Sequence[Frame]) -> Iterator[Decision]:
    """The questions that persons have answered, oldest answer first."""
    for number, opened, closed in _over(frames):
        if opened.kind in waits.ASKING and _is_persons(closed):
            yield Decision(closed.key, number, opened)


def ended_children(frames: Sequence[Frame]) -> Iterator[tuple[int, Key, str]]:
    """The child runs of which a run has heard the end: the frame, the node and the run, oldest end
    first.
    """
    for number, opened, closed in _over(frames):
        if opened.kind == waits.CHILD and closed.answer is not None:
            yield number, closed.key, opened.on[0]


def _over(frames: Sequence[Frame]) -> Iterator[tuple[int, WaitOpened, WaitClosed]]:
    """The waits that are over, each with the frame of its end."""
    opened: dict[tuple[Key, str, int], WaitOpened] = {}
    for frame in frames:
        for change in frame.changes:
            if isinstance(change, WaitOpened):
                opened[change.key, change.kind, frame.number] = change
        for change in frame.changes:
            if isinstance(change, WaitClosed):
                yield frame.number, opened[change.key, change.kind, change.opened], change


def _is_persons(closed: WaitClosed) -> bool:
    """Whether a person has answered; else time was up, or the question is void."""
    answer = object_from(closed.answer or "null")
    return answer is not None and answer.get("by") is not None
