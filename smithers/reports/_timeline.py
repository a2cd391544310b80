"""A run frame by frame: every fact that was born or ended, as data and in words."""

from __future__ import annotations

from pathlib import Path

from smithers.reports._database import Json, reading
from smithers.reports._heads import head_of
from smithers.reports._telling import Telling
from smithers.store.history import frames_of

__all__ = ["timeline"]


def timeline(path: Path, run_id: str) -> Json:
    """All frames of a run with their changes. Raises `UnknownRun`."""
    with reading(path) as db:
        head_of(db, run_id)
        frames = frames_of(db, run_id)
    telling = Telling()
    return {"version": 1, "run_id": run_id, "frames": [telling.frame(frame) for frame in frames]}
