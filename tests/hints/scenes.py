"""All scenes, by their hints."""

from __future__ import annotations

from tests.hints import arguments, edits, replays, runs, states
from tests.hints.registry import SCENES

__all__ = ["SCENES", "arguments", "edits", "replays", "runs", "states"]
