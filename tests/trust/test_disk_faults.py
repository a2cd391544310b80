"""On a disk that is full or broken at any write, nothing is lost, repeated or damaged."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.trust.amounts import DISK_FAULTS, SAMPLE, chance, in_parallel
from tests.trust.boundaries import Scenario
from tests.trust.children import Nursery, Site
from tests.trust.faults import KINDS, Fault, Faults, scenarios


def broken(scenario: Scenario, nursery: Nursery, folder: Path, wanted: int) -> Faults:
    """Do the scenario on disks that fail, each at another call, until so many have failed."""
    faults = Faults(scenario, Site(nursery, folder / "site", scenario.altered))
    random = chance("disk faults", scenario.name)
    every = [
        Fault(kind, at, calls)
        for at in range(1, faults.prepare() + 1)
        for kind in KINDS
        for calls in (0, 1)
    ]
    mixed = random.sample(every, len(every))
    while mixed and faults.kinds.total() < wanted:
        some, mixed = mixed[:wanted], mixed[wanted:]
        in_parallel(faults.do, some)
    return faults


ALL = scenarios()
IN_THE_SLICE = [*chance("disk faults").sample(ALL[:-1], 2), ALL[-1]]
EACH = [
    pytest.param(one, id=one.name, marks=() if one in IN_THE_SLICE else pytest.mark.trust)
    for one in ALL
]


@pytest.mark.sampled(1)
@pytest.mark.parametrize("scenario", EACH)
def test_a_disk_that_fails_at_some_write_loses_and_repeats_nothing(
    disk_nursery: Nursery, tmp_path: Path, scenario: Scenario
) -> None:
    faults = broken(scenario, disk_nursery, tmp_path, 3 * SAMPLE)
    assert faults.kinds.total() >= 3 * SAMPLE, faults.kinds


@pytest.mark.trust
@pytest.mark.timeout(3600)
def test_a_disk_that_fails_at_any_write_loses_and_repeats_nothing(
    disk_nursery: Nursery, tmp_path: Path
) -> None:
    each = -(-DISK_FAULTS // len(ALL))
    kinds, codes = Counter[str](), Counter[int]()
    for scenario in ALL:
        done = broken(scenario, disk_nursery, tmp_path / scenario.name, each)
        kinds.update(done.kinds)
        codes.update(done.codes)
    print(f"disk faults: {kinds.total()} {dict(kinds)}, exit codes {dict(codes)}")  # noqa: T201  # `make trust` shows it
    assert kinds.total() >= DISK_FAULTS, kinds
    assert min(kinds[kind] for kind in KINDS) >= DISK_FAULTS // 5, kinds
    assert codes[2] >= DISK_FAULTS // 2, codes
