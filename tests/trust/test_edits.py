"""Whatever is edited at whatever frame, beside crashes: nothing starts out of order or twice."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.trust.amounts import EDITS, SEED, WORKERS
from tests.trust.edited import Story

SLICE = 60
CHUNK = 50


def run_all(numbers: range) -> Counter[str]:
    """Run stories; the first that breaks a promise is an error that tells how to repeat it."""
    found: Counter[str] = Counter()
    for number in numbers:
        story = Story(f"{SEED}/{number}")
        if wrong := story.live():
            again = f"python -m tests.trust.edited {story.seed}"
            raise AssertionError("\n".join([*wrong, f"to repeat it: {again}"]))
        found += story.seen
    return found


def check_counts(found: Counter[str], stories: int) -> None:
    assert found["stories"] == found["finished"] + found["failed"] == stories
    for what, least in {"edits": 1, "crashes": 1, "answers": 0.3, "starts": 3}.items():
        assert found[what] >= least * stories, found
    assert min(found["finished"], found["failed"]) > 0, found


def test_a_run_that_is_edited_beside_crashes_keeps_its_order() -> None:
    check_counts(run_all(range(SLICE)), SLICE)


@pytest.mark.trust
@pytest.mark.timeout(3600)
def test_edits_at_length_break_no_promise() -> None:
    parts = [range(at, min(at + CHUNK, EDITS)) for at in range(0, EDITS, CHUNK)]
    fresh = multiprocessing.get_context("spawn")
    found: Counter[str] = Counter()
    with ProcessPoolExecutor(WORKERS, mp_context=fresh) as pool:
        for part in pool.map(run_all, parts):
            found += part
    print(f"edited: {dict(found)}")  # noqa: T201  # `make trust` shows it
    check_counts(found, EDITS)
