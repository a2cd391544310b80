"""Replaying: a workflow is driven by the engine, and everything outside it by a recording."""

from __future__ import annotations

from smithers.engine.replaying.describing import describe_replay, describe_sum
from smithers.engine.replaying.differences import Difference, DifferenceKind
from smithers.engine.replaying.files import FrozenFiles, check_free, write_frozen
from smithers.engine.replaying.live import (
    LiveReplay,
    Start,
    find_start,
    replay_live,
    run_only,
)
from smithers.engine.replaying.owned import freeze_run, replay_frozen, replay_run
from smithers.engine.replaying.recording import Done, Recording
from smithers.engine.replaying.replay import ReadAnswer, Replayed, StreamCounts, replay
from smithers.engine.replaying.rows import recording_of

__all__ = [
    "Difference",
    "DifferenceKind",
    "Done",
    "FrozenFiles",
    "LiveReplay",
    "ReadAnswer",
    "Recording",
    "Replayed",
    "Start",
    "StreamCounts",
    "check_free",
    "describe_replay",
    "describe_sum",
    "find_start",
    "freeze_run",
    "recording_of",
    "replay",
    "replay_frozen",
    "replay_live",
    "replay_run",
    "run_only",
    "write_frozen",
]
