"""Runs that share a database, killed at any moment and resumed at once, end as if nobody had."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trust.amounts import KILLS
from tests.trust.children import Nursery
from tests.trust.kills import Hammer


@pytest.mark.long
def test_runs_that_are_killed_at_any_moment_repeat_nothing(
    nursery: Nursery, tmp_path: Path
) -> None:
    hammer = Hammer(nursery, tmp_path, 6)
    hammer.go()
    assert hammer.kills >= 6
    assert hammer.runs >= 2


@pytest.mark.trust
@pytest.mark.timeout(3600)
def test_runs_that_are_killed_at_length_repeat_nothing(nursery: Nursery, tmp_path: Path) -> None:
    hammer = Hammer(nursery, tmp_path, KILLS)
    hammer.go()
    print(f"kills: {hammer.kills} of {hammer.runs} runs")  # noqa: T201  # `make trust` shows it
    assert hammer.kills >= KILLS
