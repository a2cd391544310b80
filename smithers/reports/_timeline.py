"""A run frame by frame: every fact that was born or ended."""

from __future__ import annotations

from pathlib import Path

from smithers.reports._database import reading
from smithers.reports._heads import head_of
from smithers.store.history import frames_of
from smithers.views import Attempts, TimelineView, view_frames

__all__ = ["timeline"]


def timeline(path: Path, run_id: str) -> TimelineView:
    """All frames of a run with their changes. Raises `UnknownRun`."""
    with reading(path) as db:
        head_of(db, run_id)
        frames = frames_of(db, run_id)
    return TimelineView(run_id=run_id, frames=tuple(view_frames(frames, Attempts())))
