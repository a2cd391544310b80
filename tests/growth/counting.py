"""Counting what a run costs: the lines that each function of the engine executes.

Each pass of a loop or of a comprehension counts, so a walk over all that waits is seen.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

import smithers
from smithers.engine.engine import Engine
from tests import plans
from tests.engine import runs

__all__ = ["Cost", "growth", "lines_of"]

_OURS = str(Path(smithers.__file__).parent)
_STORE = str(Path(_OURS) / "store")
"""In tests it is in memory, and does not cost what a database costs."""
_LEAST = 8
"""So many a step may be more by chance: runs differ in how many steps share a frame."""

Cost = Counter[CodeType]


def _compares_nothing(engine: Engine) -> None: ...


def lines_of(run: Callable[[], object]) -> Cost:
    """What a call costs, without what tests compare after each frame."""
    cost = Cost()

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if event == "call":
            file = frame.f_code.co_filename
            if not file.startswith(_OURS) or file.startswith(_STORE):
                return None
        elif event == "line":
            cost[frame.f_code] += 1
        return trace

    before = sys.gettrace()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plans, "check", _compares_nothing)
        patch.setattr(runs, "check_ends", _compares_nothing)
        sys.settrace(trace)
        try:
            run()
        finally:
            sys.settrace(before)
    return cost


def growth(run: Callable[[int], Callable[[], object]], size: int) -> dict[str, tuple[float, float]]:
    """The functions of which a step costs over a fifth more where a run is twice as long: a step of
    those between `size` and twice that, and of those up to four times. `run` makes a run that has
    so many steps.
    """
    run(size)()  # what only a first run costs
    once, twice, more = (lines_of(run(count)) for count in (size, 2 * size, 4 * size))
    found = dict[str, tuple[float, float]]()
    for code in more:
        few = (twice[code] - once[code]) / size
        many = (more[code] - twice[code]) / (2 * size)
        if many > max(few, 0) * 1.2 + _LEAST:
            found[code.co_qualname] = few, many
    total = (twice.total() - once.total()) / size
    if (more.total() - twice.total()) / (2 * size) > total * 1.2:
        found["in all"] = total, (more.total() - twice.total()) / (2 * size)
    return found
