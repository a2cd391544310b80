"""All scenes, by their hints."""

from __future__ import annotations

from tests.hints import arguments, runs, states
from tests.hints.registry import SCENES

__all__ = ["SCENES", "arguments", "runs", "states"]
