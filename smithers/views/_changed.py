"""Which nodes a frame changed, for whoever keeps views of a run while it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

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
    Key,
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
    from collections.abc import Mapping

    from smithers.changes import (
        Change,
        Frame,
    )
    from smithers.state import Attempted
    from smithers.views._frames import AttemptName

__all__ = ["changed_keys"]

_THE_RUN = Key("")


def changed_keys(frame: Frame, attempts: Mapping[int, AttemptName | Attempted]) -> list[Key]:
    """The nodes of which the frame changed something, in the order of their first changes; a change
    of the tree or of the run as a whole has a key without a path. `attempts` are the run's after
    it.
    """
    return list(dict.fromkeys([_key_of(change, attempts) for change in frame.changes]))


def _key_of(change: Change, attempts: Mapping[int, AttemptName | Attempted]) -> Key:
    match change:
        case NodeMounted() | NodeGone():
            return Key(change.id)
        case AttemptEnded() | SessionSeen() | UsageCounted() | MessageGiven():
            return attempts[change.serial].key
        case ReadMade():
            return change.reader
        case StatusChanged() | SignalGiven():
            return _THE_RUN
        case (
            CameUp()
            | Settled()
            | FailureHandled()
            | AttemptStarted()
            | ChoiceMade()
            | ChoiceGone()
            | ContainerEnded()
            | ContainerReopened()
            | WaitOpened()
            | WaitClosed()
            | BudgetSet()
            | BudgetRaised()
            | MessageTaken()
            | SignalTaken()
            | Reset()
        ):
            return change.key
        case _:
            assert_never(change)
