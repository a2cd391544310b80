"""A run for whoever waits for it or is away from it: everything as of one moment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smithers.reports._activity import activity_of
from smithers.reports._database import reading
from smithers.reports._events import newest_of
from smithers.reports._snapshot import WAITS, snapshot_of
from smithers.values import dataclass
from smithers.views import (
    explain,
    standing,
    summarize,
    task_lines,
    undecided,
)

if TYPE_CHECKING:
    from smithers.changes import Key
    from smithers.views import (
        Activity,
        Standing,
        Summary,
        TaskLine,
        WhyView,
    )

__all__ = ["Look", "Overview", "look", "overview", "standing_of"]


@dataclass(frozen=True, kw_only=True)
class Look:
    """The standing of a run, with the cursor of its newest event. `alive`: a process drives it.
    `undecided` are the nodes that wait for a person's decision, if nothing else can be done.
    """

    standing: Standing
    cursor: str | None
    alive: bool
    undecided: tuple[Key, ...]


@dataclass(frozen=True, kw_only=True)
class Overview:
    """A run with its summary, what holds it, its tasks' states and what its agents do."""

    workflow: str
    summary: Summary
    why: WhyView
    tasks: tuple[TaskLine, ...]
    running: tuple[Activity, ...]
    cursor: str | None


def standing_of(path: Path, run_id: str) -> Standing:
    """The standing of a run. Raises `UnknownRun`."""
    with reading(path) as db:
        return standing(snapshot_of(db, path, run_id, parts=WAITS))


def look(path: Path, run_id: str) -> Look:
    """The standing of a run, and its newest event. Raises `UnknownRun`."""
    with reading(path) as db:
        snapshot = snapshot_of(db, path, run_id, parts=WAITS)
        cursor = newest_of(db, run_id, snapshot.state.frame)
    return Look(
        standing=standing(snapshot),
        cursor=cursor,
        alive=snapshot.alive,
        undecided=undecided(snapshot),
    )


def overview(path: Path, run_id: str) -> Overview:
    """A run with its summary, what holds it, its tasks' states and what its agents do, in one look.

    Raises `UnknownRun`.
    """
    with reading(path) as db:
        snapshot = snapshot_of(db, path, run_id)
        cursor = newest_of(db, run_id, snapshot.state.frame)
    return Overview(
        workflow=snapshot.run.workflow,
        summary=summarize(snapshot),
        why=explain(snapshot),
        tasks=tuple(task_lines(snapshot)),
        running=tuple(activity_of(snapshot, path)),
        cursor=cursor,
    )
