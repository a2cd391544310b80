"""Whoever comes at the same moment, one decides and one runs, and nothing acknowledged is lost."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.trust.amounts import RACES, chance, in_parallel
from tests.trust.children import Nursery
from tests.trust.kinds import RACES_OF, race

IN_THE_SLICE = chance("kinds of races").sample(list(RACES_OF), 4)
KINDS = [
    pytest.param(name, marks=() if name in IN_THE_SLICE else pytest.mark.trust) for name in RACES_OF
]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("kind", KINDS)
def test_processes_that_want_one_run_at_once_get_it_one_at_a_time(
    nursery: Nursery, tmp_path: Path, kind: str
) -> None:
    race(nursery, tmp_path / "race", kind, chance("race", kind))


@pytest.mark.trust
@pytest.mark.timeout(3600)
def test_races_at_length_have_one_winner(nursery: Nursery, tmp_path: Path) -> None:
    def one(number: int) -> str:
        kind = list(RACES_OF)[number % len(RACES_OF)]
        race(nursery, tmp_path / str(number), kind, chance("race", number))
        shutil.rmtree(tmp_path / str(number))
        return kind

    found = Counter(in_parallel(one, range(RACES)))
    print(f"races: {sum(found.values())} {dict(found)}")  # noqa: T201  # `make trust` shows it
    assert sum(found.values()) >= RACES
