"""Numbers of several cases, and how far they are apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, median, stdev

from smithers.values import dataclass

__all__ = ["Spread", "spread_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """`n` values: their mean, its standard error (None for one value), and the least, the middle
    and the greatest of them.
    """

    n: int
    mean: float
    standard_error: float | None
    low: float
    median: float
    high: float


def spread_of(values: Sequence[float]) -> Spread | None:
    """The spread of some values; None if there are none.

    >>> found = spread_of([1.0, 2.0, 3.0])
    >>> found.mean, round(found.standard_error, 3), found.low, found.high
    (2.0, 0.577, 1.0, 3.0)
    """
    if not values:
        return None
    return Spread(
        n=len(values),
        mean=fmean(values),
        standard_error=stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None,
        low=min(values),
        median=median(values),
        high=max(values),
    )
