"""A run frame by frame: every fact that was born or ended."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from smithers.reports._database import reading
from smithers.reports._events import attempts_before
from smithers.reports._heads import head_of
from smithers.reports._lineage import lineage
from smithers.store.history import frames_of, last_frame
from smithers.store.outputs import with_outputs
from smithers.views import Story, TimelineView

if TYPE_CHECKING:
    from smithers.changes import Frame
    from smithers.views import FrameView

__all__ = ["frame_by_frame", "some_frames", "timeline"]


def timeline(path: Path, run_id: str) -> TimelineView:
    """All frames of a run with their changes. Raises `UnknownRun`."""
    with frame_by_frame(path, run_id) as frames:
        whole = tuple(frames)
    return TimelineView(run_id=run_id, frames=whole, lineage=lineage(path, run_id))


@contextmanager
def frame_by_frame(
    path: Path, run_id: str, *, outputs: bool = True
) -> Generator[Iterator[FrameView]]:
    """The same frames one by one. Without `outputs`, those of more than 4096 bytes are left out.
    Raises `UnknownRun`.
    """
    with reading(path) as db:
        head_of(db, run_id)
        story = Story()

        def view(frame: Frame) -> FrameView:
            return story.view(with_outputs(db, run_id, frame) if outputs else frame)

        yield map(view, _in_parts(db, run_id))


def some_frames(path: Path, run_id: str, first: int, last: int) -> list[FrameView]:
    """Those frames that a run has of these, without large outputs and without what needs the run
    from its first frame on. Raises `UnknownRun`.
    """
    with reading(path) as db:
        head_of(db, run_id)
        attempts = attempts_before(db, run_id, first)
        return [attempts.view(frame) for frame in frames_of(db, run_id, first=first, last=last)]


_STEP, _PARTS = 1000, 16


def _in_parts(db: sqlite3.Connection, run_id: str) -> Iterator[Frame]:
    """The frames of a run, read a part at a time: the first comes at once, and no long run is in
    memory as a whole. Each part reads all rows, so their number is bounded.
    """
    last = last_frame(db, run_id)
    step = max(_STEP, last // _PARTS)
    for first in range(0, last + 1, step):
        yield from frames_of(db, run_id, first=first, last=min(first + step - 1, last))
