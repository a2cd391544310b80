"""A run as whoever is away from it looks at it: everything of it as of one moment."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from smithers.changes import Key
from smithers.reports._activity import activity_of
from smithers.reports._database import Json, reading
from smithers.reports._events import newest_of
from smithers.reports._heads import Head, head_of
from smithers.reports._runs import summary_of
from smithers.reports._standing import Standing, standing_of
from smithers.reports._tasks import Wait, open_waits, tree_of
from smithers.reports._waking import attention_of
from smithers.reports._why import why_of
from smithers.store.rows import time_of
from smithers.waits import DECISIONS, traits

__all__ = ["Look", "look", "overview"]


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a run stands, with the cursor of its newest event. `alive`: a process drives it.
    `undecided` are the nodes that wait for a person's decision, if nothing else can be done.
    """

    standing: Standing
    cursor: str | None
    alive: bool
    undecided: tuple[str, ...]


def look(path: Path, run_id: str) -> Look:
    """How a run stands. Raises `UnknownRun`."""
    with reading(path) as db:
        head = head_of(db, run_id)
        return Look(
            standing=standing_of(db, head),
            cursor=newest_of(db, head),
            alive=head.alive,
            undecided=_undecided(db, head),
        )


def _undecided(db: sqlite3.Connection, head: Head) -> tuple[str, ...]:
    if head.status != "waiting" or attention_of(db, head.run_id):
        return ()
    waits = [wait for wait in open_waits(db, head) if traits(wait.kind).is_outside]
    if not all(map(_is_open_decision, waits)):
        return ()
    return tuple(str(Key(wait.task, wait.path)) for wait in waits)


def _is_open_decision(wait: Wait) -> bool:
    due = wait.data["due"]
    over = due is not None and time_of(due) <= datetime.now(UTC)
    return wait.kind in DECISIONS and not wait.answered and not over


def overview(path: Path, run_id: str) -> Json:
    """A run with its summary, what holds it, its tasks' states and what its agents do, in one look.

    Raises `UnknownRun`.
    """
    with reading(path) as db:
        head = head_of(db, run_id)
        waits = open_waits(db, head)
        tree = tree_of(db, head, waits)
        why = why_of(db, path, head, waits, tree)
        return {
            **summary_of(db, head, waits, tree),
            "workflow": head.workflow,
            "sentence": why["sentence"],
            "reasons": why["reasons"],
            "states": [
                {"name": str(Key(one.id, one.path)), "state": one.state, "tolerated": one.tolerated}
                for one in tree.entries
            ],
            "running": activity_of(db, path, head),
            "cursor": newest_of(db, head),
        }
