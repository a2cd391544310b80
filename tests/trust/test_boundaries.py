"""Killed before any single write to the database, a command loses nothing that it acknowledged."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trust.amounts import BOUNDARIES, SAMPLE, chance, in_parallel
from tests.trust.boundaries import SCENARIOS, Scenario, need_strace, traced
from tests.trust.children import FLOWS, Nursery, Site


def boundaries_of(
    scenario: Scenario, nursery: Nursery, folder: Path, *, sample: int | None = None
) -> int:
    """Kill the command of a scenario at every write, or at a few; how often it was killed."""
    site = Site(nursery, folder / "site", scenario.altered)
    every = range(1, scenario.prepare(site) + 1)
    if sample is None:
        return sum(in_parallel(lambda k: scenario.crash(site, k), every))
    # Looks write as well, now more and now less, so that the last ones may not be reached.
    mixed, kills = chance(scenario.name).sample(every, len(every)), 0
    while mixed and kills < sample:
        some, mixed = mixed[:sample], mixed[sample:]
        kills += sum(in_parallel(lambda k: scenario.crash(site, k), some))
    return kills


IN_THE_SLICE = chance("scenarios").sample(list(SCENARIOS), 4)
EACH = [
    pytest.param(one, id=one.name, marks=() if one in IN_THE_SLICE else pytest.mark.trust)
    for one in SCENARIOS
]


@pytest.mark.sampled(1)
@pytest.mark.parametrize("scenario", EACH)
def test_a_kill_at_any_write_loses_nothing_that_was_acknowledged(
    nursery: Nursery, tmp_path: Path, scenario: Scenario
) -> None:
    need_strace()
    assert boundaries_of(scenario, nursery, tmp_path, sample=SAMPLE) >= SAMPLE


@pytest.mark.trust
@pytest.mark.timeout(1800)
def test_a_kill_at_every_write_loses_nothing_that_was_acknowledged(
    nursery: Nursery, tmp_path: Path
) -> None:
    need_strace()
    kills = {one.name: boundaries_of(one, nursery, tmp_path / one.name) for one in SCENARIOS}
    print(f"write boundaries: {sum(kills.values())} {kills}")  # noqa: T201  # `make trust` shows it
    assert sum(kills.values()) >= BOUNDARIES, kills


def test_every_frame_is_synced_before_the_next_write(nursery: Nursery, tmp_path: Path) -> None:
    """A machine that loses power keeps what fdatasync was called for, and nothing else is sure."""
    need_strace()
    site = Site(nursery, tmp_path / "site")
    child, calls = traced(site, "up", f"{FLOWS}:line", "--run-id", "r1", "--events", kill_at=None)
    frames = child.out.count('"event": "frame"')
    wal = [call for call in calls if "-wal" in call]
    synced = sum("fdatasync(" in call for call in wal)
    assert frames > 4
    assert synced >= frames, f"{synced} syncs of {frames} frames"
