"""A fork at any frame of any example ends as the run that it was made from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trust.amounts import chance
from tests.trust.examples import FORKED
from tests.trust.forks import FRESH, Forking

_SAMPLED = 2
REWOUND = [name for name, one in FORKED.items() if one.ends != "cancelled"]
"""A run that was cancelled is not taken back."""


@pytest.fixture
def forking(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Forking:
    ledger = tmp_path / "ledger"
    monkeypatch.setenv("LEDGER", str(ledger))
    monkeypatch.chdir(tmp_path)
    return Forking(tmp_path, ledger, request.param)


def test_the_exceptions_are_examples() -> None:
    assert set(FRESH) < set(FORKED)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("forking", FORKED, indirect=True)
def test_forks_at_some_frames_end_as_their_source(forking: Forking) -> None:
    random = chance("forks", forking.name)
    frames = sorted(random.sample(range(forking.last + 1), min(_SAMPLED, forking.last + 1)))
    for frame in frames:
        forking.look(frame)
        forking.fork(frame)
    forking.compare()


@pytest.mark.sampled(4)
@pytest.mark.parametrize("forking", REWOUND, indirect=True)
def test_a_run_that_is_taken_back_ends_as_before(forking: Forking) -> None:
    forking.rewind(chance("rewinds", forking.name).randint(0, forking.last))


@pytest.mark.trust
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("forking", FORKED, indirect=True)
def test_forks_at_each_frame_end_as_their_source(forking: Forking) -> None:
    for frame in range(forking.last + 1):
        forking.look(frame)
        forking.fork(frame)
    forking.compare()


@pytest.mark.trust
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("forking", REWOUND, indirect=True)
def test_a_run_that_is_taken_back_to_each_frame_ends_as_before(forking: Forking) -> None:
    frames = list(range(forking.last + 1))
    chance("every rewind", forking.name).shuffle(frames)
    for frame in frames:
        forking.rewind(frame)
