"""The changes that a face shows, and the order in which those of a frame are shown."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING, Final, get_args

from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    BudgetRaised,
    BudgetSet,
    CameUp,
    ChoiceGone,
    ChoiceMade,
    ContainerEnded,
    ContainerReopened,
    FailureHandled,
    MessageGiven,
    MessageTaken,
    NodeGone,
    NodeMounted,
    ReadMade,
    Reset,
    SessionSeen,
    Settled,
    SignalGiven,
    SignalTaken,
    StatusChanged,
    UsageCounted,
    WaitClosed,
    WaitOpened,
)

if TYPE_CHECKING:
    from smithers.changes import (
        Frame,
    )

__all__ = ["PLACES", "Shown", "shown_changes"]

Shown = (
    Reset
    | ChoiceGone
    | NodeGone
    | NodeMounted
    | SessionSeen
    | UsageCounted
    | MessageGiven
    | AttemptEnded
    | BudgetSet
    | BudgetRaised
    | MessageTaken
    | SignalGiven
    | SignalTaken
    | WaitClosed
    | ReadMade
    | ChoiceMade
    | Settled
    | FailureHandled
    | CameUp
    | WaitOpened
    | AttemptStarted
    | StatusChanged
)
"""The changes that have a view, in the order in which those of one frame read best: what ends comes
before what begins. The ends of containers have none, since they follow from the others.
"""

PLACES: Final[dict[type[Shown], int]] = {kind: place for place, kind in enumerate(get_args(Shown))}
"""The place of each kind in that order."""


def shown_changes(frame: Frame, only: Container[type[Shown]] | None = None) -> Iterator[Shown]:
    """The changes that have a view; those of some kinds alone if `only` has them."""
    for change in frame.changes:
        if isinstance(change, (ContainerEnded, ContainerReopened)):
            continue
        if only is None or type(change) in only:
            yield change
