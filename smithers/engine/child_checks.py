"""What must hold of a child run before it is driven."""

from __future__ import annotations

from smithers.changes import Key
from smithers.errors import Place, Refused
from smithers.kinds import TooManyLevels
from smithers.store import NewRun, Parent

__all__ = ["MOST_LEVELS", "check_level", "check_own"]

MOST_LEVELS = 32


def check_level(level: int, run_id: str, place: Place | None) -> None:
    """A run `level` levels below the one that was started may start a child run. Raises
    `TooManyLevels`: without an end, a workflow that starts itself would fill the database.
    """
    if level >= MOST_LEVELS:
        raise TooManyLevels(
            f"child runs may be {MOST_LEVELS} levels below the run that was started, and"
            f" {run_id} would be at level {level + 1}",
            place=place,
            hint="a workflow that starts itself has to stop at some level: let its input say at"
            " which one it is",
        )


def check_own(run: NewRun, parent: str, key: Key, workflow: str) -> None:
    """The run that has the id of a child run is that of its node. Raises `Refused`."""
    if run.parent != Parent(run_id=parent, key=key):
        raise Refused(
            f"run {run.run_id} exists already, and {key} has not started it",
            hint="give the node another id",
        )
    if run.workflow != workflow:
        raise Refused(
            f"child run {run.run_id} is of workflow {run.workflow}, not of {workflow}",
            hint="give the node another id",
        )
