"""The shapes of the bench, as runs of so many steps in a database of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import flows, growing, steps
from bench.driving import Counting, drive, store

__all__ = ["FLAT", "drive_shape", "without_comparison"]

_FILES = {
    "sequence": (steps.__file__, "steps", {"shape": "sequence", "kind": "async"}),
    "fan-out": (steps.__file__, "steps", {"shape": "fan-out", "kind": "async"}),
    "limited": (steps.__file__, "steps", {"shape": "limited", "kind": "async"}),
    "flow": (flows.__file__, "steps", {"shape": "sequence"}),
    "gather": (flows.__file__, "steps", {"shape": "gather"}),
    **{shape: (growing.__file__, "shape", {"shape": shape}) for shape in growing.SHAPES},
}
FLAT = [shape for shape in _FILES if shape not in ("grown", "read-fan-out")]
"""A step of these costs the same in a long run as in a short one; in the others the workflow
function builds all nodes again and again.
"""


def drive_shape(shape: str, count: int, folder: Path) -> Counting:
    """Run so many steps to their end."""
    file, workflow, given = _FILES[shape]
    folder = folder / f"{shape} {count}"
    folder.mkdir()
    left, _, watch = drive(file, workflow, store(folder, "run"), {**given, "count": count})
    assert left.status == "finished", left
    return watch


def without_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the comparison of plans after each frame, which visits all of a run."""
    monkeypatch.setattr("tests.plans._MOST_INSTANCES", -1)
