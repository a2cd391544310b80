"""How fast this machine is, against the one that the limits of CPU were set on.

Three programs ran there as well: the SQL of a step of a sequence alone, and the same sequence in
DBOS and in LangGraph. Where the median of the three ratios is more than 1, a limit of CPU is
multiplied by it. One program is not enough: what is slow may be Python, or SQLite, or both.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from statistics import median

from bench.measuring import Command, NotMeasured, measured, ours
from bench.rows.row import Scale, peer

__all__ = ["REFERENCE_MS", "slower"]

REFERENCE_MS = {"SQL": 0.050, "DBOS": 1.4, "LangGraph": 0.42}
"""CPU milliseconds a step where the limits were set, with a database in memory, on 2026-11-28."""


def _commands(count: int) -> dict[str, Callable[[], Command]]:
    return {
        "SQL": lambda: ours("sql_alone", count),
        "DBOS": lambda: peer("DBOS", "sequence", "async", count),
        "LangGraph": lambda: peer("LangGraph", "sequence", "sync", count),
    }


@cache
def slower(scale: Scale) -> float:
    """How many times slower this machine is, at least 1; of the programs that are installed."""
    found: list[float] = []
    for name, command in _commands(scale.steps).items():
        try:
            least_s = measured(command(), scale.repeats)["cpu_s"].least
        except NotMeasured:
            continue
        found.append(least_s * 1000 / scale.steps / REFERENCE_MS[name])
    return max(1.0, median(found)) if found else 1.0
