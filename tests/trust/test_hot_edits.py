"""Whatever is edited while a run is driven, beside crashes: nothing starts out of order or twice,
and no question to a person is lost.
"""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest

from tests.trust.amounts import HOT_EDITS, count_apart
from tests.trust.edited import run_all
from tests.trust.hot import HotStory

SLICE = 30
CHUNK = 50


def check_counts(found: Counter[str], stories: int) -> None:
    assert found["stories"] == found["finished"] + found["failed"] == stories
    least = {"hot edits": 3, "taken": 1, "taken at work": 1, "crashes": 1, "asked": 0.5}
    for what, times in least.items():
        assert found[what] >= times * stories, found
    assert min(found[what] for what in ("refused", "approved", "denied")) > 0, found


@pytest.mark.long
def test_a_run_that_takes_edits_beside_crashes_keeps_its_order() -> None:
    check_counts(run_all(HotStory, range(SLICE)), SLICE)


@pytest.mark.trust
@pytest.mark.timeout(3600)
def test_edits_in_flight_at_length_break_no_promise() -> None:
    found = count_apart(partial(run_all, HotStory), HOT_EDITS, chunk=CHUNK)
    print(f"edited in flight: {dict(found)}")  # noqa: T201  # `make trust` shows it
    check_counts(found, HOT_EDITS)
