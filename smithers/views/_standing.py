"""How a run is for whoever waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smithers.values import dataclass
from smithers.views._tasks import open_waits
from smithers.waits import DECISIONS, traits

if TYPE_CHECKING:
    from smithers.changes import Key
    from smithers.views._snapshot import Snapshot, Status
    from smithers.views._tasks import WaitView

__all__ = ["Standing", "standing", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A run in short. `frame` is its last one; `is_done` says that it has ended, or that it
    continues only when a person has done something.
    """

    workflow: str
    status: Status
    frame: int
    is_done: bool


def standing(snapshot: Snapshot) -> Standing:
    return Standing(
        workflow=snapshot.run.workflow,
        status=snapshot.status,
        frame=snapshot.state.frame,
        is_done=snapshot.has_ended or _waits_for_a_person(snapshot),
    )


def _waits_for_a_person(snapshot: Snapshot) -> bool:
    if snapshot.is_called:  # it was answered, and somebody is to take that up
        return False
    if snapshot.gave_up is not None:
        return True
    return snapshot.status == "waiting" and any(
        traits(wait.kind).is_for_person and (snapshot.alive or not _is_over(snapshot, wait))
        for wait in open_waits(snapshot)
    )


def undecided(snapshot: Snapshot) -> tuple[Key, ...]:
    """The nodes that wait for a person's decision, if nothing else can be done."""
    if snapshot.status != "waiting" or snapshot.is_called:
        return ()
    waits = [wait for wait in open_waits(snapshot) if traits(wait.kind).is_outside]
    decisions = [wait for wait in waits if wait.kind in DECISIONS and not wait.answered]
    if len(decisions) < len(waits) or any(_is_over(snapshot, wait) for wait in waits):
        return ()
    return tuple(wait.key for wait in waits)


def _is_over(snapshot: Snapshot, wait: WaitView) -> bool:
    return wait.due is not None and wait.due <= snapshot.now
