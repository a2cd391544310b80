"""A run frame by frame: every fact that was born or ended, as data and in words."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from smithers.changes import Frame
from smithers.reports._database import Json, reading
from smithers.reports._heads import head_of
from smithers.reports._telling import Telling
from smithers.store.history import frames_of
from smithers.store.outputs import with_outputs

__all__ = ["frame_by_frame", "in_order", "timeline"]


def timeline(path: Path, run_id: str) -> Json:
    """All frames of a run with their changes. Raises `UnknownRun`."""
    with frame_by_frame(path, run_id) as frames:
        return {"version": 1, "run_id": run_id, "frames": list(frames)}


@contextmanager
def frame_by_frame(path: Path, run_id: str, *, outputs: bool = True) -> Generator[Iterator[Json]]:
    """The same frames one by one. Without `outputs`, those of more than 4096 bytes are None.
    Raises `UnknownRun`.
    """
    with reading(path) as db:
        head_of(db, run_id)
        telling = Telling()

        def told(frame: Frame) -> Json:
            found = telling.frame(with_outputs(db, run_id, frame) if outputs else frame)
            return {**found, "changes": in_order(found["changes"])}

        yield map(told, frames_of(db, run_id))


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
