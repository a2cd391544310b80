"""Replaying: a workflow is driven by the engine, and everything outside it by a recording."""

from __future__ import annotations

from smithers.engine.replaying.differences import Difference, DifferenceKind
from smithers.engine.replaying.owned import replay_run
from smithers.engine.replaying.recording import Done, Recording
from smithers.engine.replaying.replay import ReadAnswer, Replayed, StreamCounts, replay
from smithers.engine.replaying.rows import recording_of

__all__ = [
    "Difference",
    "DifferenceKind",
    "Done",
    "ReadAnswer",
    "Recording",
    "Replayed",
    "StreamCounts",
    "recording_of",
    "replay",
    "replay_run",
]
