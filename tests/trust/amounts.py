"""How much of each kind is done, and from which seed: a slice, or at length by `make trust`.

The counts of the long run are promises: each is asserted where it was done.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from random import Random
from typing import TypeVar

__all__ = [
    "BOUNDARIES",
    "DISK_FAULTS",
    "EDITS",
    "HOT_EDITS",
    "KILLS",
    "RACES",
    "SAMPLE",
    "SCHEDULES",
    "SEED",
    "STREAMS",
    "WORKERS",
    "chance",
    "count_apart",
    "in_parallel",
]

T = TypeVar("T")
R = TypeVar("R")

SEED = int(os.environ.get("TRUST_SEED") or 1)
BOUNDARIES = int(os.environ.get("TRUST_BOUNDARIES") or 500)
EDITS = int(os.environ.get("TRUST_EDITS") or 500)
"""Runs whose workflow is edited at random frames, beside crashes."""
DISK_FAULTS = int(os.environ.get("TRUST_DISK_FAULTS") or 500)
HOT_EDITS = int(os.environ.get("TRUST_HOT_EDITS") or 500)
"""Runs that take edits at random frames while they are driven, beside crashes."""
KILLS = int(os.environ.get("TRUST_KILLS") or 500)
RACES = int(os.environ.get("TRUST_RACES") or 100)
SAMPLE = int(os.environ.get("TRUST_SAMPLE") or 2)
"""Of the writes of a scenario, in the slice."""
SCHEDULES = int(os.environ.get("TRUST_SCHEDULES") or 10_000)
STREAMS = int(os.environ.get("TRUST_STREAMS") or 2_000)
"""Recorded streams of agent programs that are spoilt."""
WORKERS = int(os.environ.get("TRUST_WORKERS") or max(2, os.cpu_count() or 2))


def chance(*of: object) -> Random:
    """The randomness of one part of a run, by the seed: the parts do not depend on each other."""
    return Random(f"{SEED} {of}")


def in_parallel(work: Callable[[T], R], of: Iterable[T], workers: int = WORKERS) -> list[R]:
    """Do the work, which is done in other processes, for each; the first that raises ends it."""
    with ThreadPoolExecutor(workers) as pool:
        doing = [pool.submit(work, one) for one in of]
        try:
            return [one.result() for one in doing]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def count_apart(count: Callable[[range], Counter[str]], many: int, *, chunk: int) -> Counter[str]:
    """What is counted of the first so many numbers, in new processes, a chunk at a time."""
    parts = [range(at, min(at + chunk, many)) for at in range(0, many, chunk)]
    fresh = multiprocessing.get_context("spawn")
    found: Counter[str] = Counter()
    with ProcessPoolExecutor(WORKERS, mp_context=fresh) as pool:
        for part in pool.map(count, parts):
            found += part
    return found
