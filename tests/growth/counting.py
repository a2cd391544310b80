"""Counting what a run costs: the lines that each function of the engine executes.

Each pass of a loop or of a comprehension counts, so a walk over all that waits is seen.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

import smithers
from smithers.engine.engine import Engine
from tests import plans
from tests.engine import runs

__all__ = ["Cost", "count_rows", "growth", "lines_of"]

_OURS = str(Path(smithers.__file__).parent)
_STORE = str(Path(_OURS) / "store")
"""In tests it is in memory, and does not cost what a database costs."""
_LEAST = 8
"""So many a step may be more by chance: runs differ in how many steps share a frame."""

Cost = Counter[CodeType]


class _Rows(dict[Any, Any]):
    """A table of a state, of which each row counts that is looked at on the way through it."""

    def __iter__(self) -> Iterator[Any]:
        return _each(super().__iter__())

    def keys(self) -> Any:
        return _each(super().keys())

    def values(self) -> Any:
        return _each(super().values())

    def items(self) -> Any:
        return _each(super().items())


def _each(rows: Iterable[Any]) -> Iterator[Any]:
    for row in rows:  # noqa: UP028  # each pass is a line
        yield row


def count_rows(engine: Engine) -> None:
    """Count the rows of its state that are looked at, also by what takes all in one call."""
    for each in fields(engine.state):
        if type(getattr(engine.state, each.name)) is dict:
            setattr(engine.state, each.name, _Rows(getattr(engine.state, each.name)))


def _compares_nothing(engine: Engine) -> None: ...


def lines_of(run: Callable[[], object]) -> Cost:
    """What a call costs, without what tests compare after each frame."""
    cost = Cost()

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if event == "call":
            file = frame.f_code.co_filename
            is_rows = frame.f_code is _each.__code__
            if not is_rows and (not file.startswith(_OURS) or file.startswith(_STORE)):
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
