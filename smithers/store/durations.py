"""How long things took: numbers by bound, as a histogram has them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

__all__ = ["Durations"]


class Durations:
    """How many of some times are within each of the bounds but not within the one before it, those
    beyond the last, and their sum in seconds.

    >>> took = Durations((0.1, 1.0))
    >>> took.add(0.1), took.add(0.2), took.add(3.0)
    (None, None, None)
    >>> took.numbers, took.sum_s
    ([1, 1, 1], 3.3)
    """

    def __init__(self, bounds_s: Sequence[float]) -> None:
        self.bounds_s = bounds_s
        self.numbers = [0] * (len(bounds_s) + 1)
        self.sum_s = 0.0

    def add(self, taken_s: float) -> None:
        self.numbers[bisect_left(self.bounds_s, taken_s)] += 1
        self.sum_s += taken_s

    def copy(self) -> Durations:
        """The same numbers, which stay as they are."""
        made = Durations(self.bounds_s)
        made.numbers, made.sum_s = list(self.numbers), self.sum_s
        return made
