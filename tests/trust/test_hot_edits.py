"""Whatever is edited while a run is driven, beside crashes: nothing starts out of order or twice,
and no question to a person is lost.
"""

from __future__ import annotations

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.trust.amounts import HOT_EDITS, SEED, WORKERS
from tests.trust.hot import HotStory

SLICE = 30
CHUNK = 50


def run_all(numbers: range) -> Counter[str]:
    """Run stories; the first that breaks a promise is an error that tells how to repeat it."""
    found: Counter[str] = Counter()
    for number in numbers:
        story = HotStory(f"{SEED}/{number}")
        if wrong := story.live():
            again = f"python -m tests.trust.hot {story.seed}"
            raise AssertionError("\n".join([*wrong, f"to repeat it: {again}"]))
        found += story.seen
    return found


def check_counts(found: Counter[str], stories: int) -> None:
    assert found["stories"] == found["finished"] + found["failed"] == stories
    least = {"hot edits": 3, "taken": 1, "taken at work": 1, "crashes": 1, "asked": 0.5}
    for what, times in least.items():
        assert found[what] >= times * stories, found
    assert min(found[what] for what in ("refused", "approved", "denied")) > 0, found


def test_a_run_that_takes_edits_beside_crashes_keeps_its_order() -> None:
    check_counts(run_all(range(SLICE)), SLICE)


@pytest.mark.trust
@pytest.mark.timeout(3600)
def test_edits_in_flight_at_length_break_no_promise() -> None:
    parts = [range(at, min(at + CHUNK, HOT_EDITS)) for at in range(0, HOT_EDITS, CHUNK)]
    fresh = multiprocessing.get_context("spawn")
    found: Counter[str] = Counter()
    with ProcessPoolExecutor(WORKERS, mp_context=fresh) as pool:
        for part in pool.map(run_all, parts):
            found += part
    print(f"edited in flight: {dict(found)}")  # noqa: T201  # `make trust` shows it
    check_counts(found, HOT_EDITS)
