"""A run frame by frame: every fact that was born or ended, as data and in words."""

from __future__ import annotations

from pathlib import Path

from smithers.reports._database import Json, reading
from smithers.reports._heads import head_of
from smithers.reports._telling import Telling
from smithers.store.history import frames_of
from smithers.store.outputs import with_outputs

__all__ = ["in_order", "timeline"]


def timeline(path: Path, run_id: str, *, outputs: bool = True) -> Json:
    """All frames of a run with their changes. Without `outputs`, the large ones are None. Raises
    `UnknownRun`.
    """
    telling = Telling()
    with reading(path) as db:
        head_of(db, run_id)
        told = [
            telling.frame(with_outputs(db, run_id, frame) if outputs else frame)
            for frame in frames_of(db, run_id)
        ]
    for frame in told:
        frame["changes"] = in_order(frame["changes"])
    return {"version": 1, "run_id": run_id, "frames": told}


def in_order(changes: list[Json]) -> list[Json]:
    """The changes of a frame as they are told: the same whenever it is asked."""
    return sorted(changes, key=lambda one: _ORDER.index(one["what"]))


_ORDER = (
    *("reset", "node_gone", "node_mounted", "session_seen", "usage_counted", "message_given"),
    *(
        "attempt_ended",
        "budget_set",
        "budget_raised",
        "message_taken",
        "wait_closed",
        "read_made",
        "choice_made",
        "settled",
        "failure_handled",
        "came_up",
        "wait_opened",
    ),
    *("attempt_started", "status_changed"),
)
"""Within a frame: what ends before what begins, as it reads best. The rows keep no order."""
