"""Whatever is edited at whatever frame, beside crashes: nothing starts out of order or twice."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest

from tests.trust.amounts import EDITS, count_apart
from tests.trust.edited import Story, run_all

SLICE = 60
CHUNK = 50


def check_counts(found: Counter[str], stories: int) -> None:
    assert found["stories"] == found["finished"] + found["failed"] == stories
    for what, least in {"edits": 1, "crashes": 1, "answers": 0.3, "starts": 3}.items():
        assert found[what] >= least * stories, found
    assert min(found["finished"], found["failed"]) > 0, found


@pytest.mark.long
def test_a_run_that_is_edited_beside_crashes_keeps_its_order() -> None:
    check_counts(run_all(Story, range(SLICE)), SLICE)


@pytest.mark.trust
@pytest.mark.timeout(3600)
def test_edits_at_length_break_no_promise() -> None:
    found = count_apart(partial(run_all, Story), EDITS, chunk=CHUNK)
    print(f"edited: {dict(found)}")  # noqa: T201  # `make trust` shows it
    check_counts(found, EDITS)
