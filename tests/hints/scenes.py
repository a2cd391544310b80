"""All scenes, by their hints."""

from __future__ import annotations

from tests.hints import arguments, dry_runs, edits, evals, replays, runs, states
from tests.hints.registry import SCENES

__all__ = ["SCENES", "arguments", "dry_runs", "edits", "evals", "replays", "runs", "states"]
