"""Each mistake of the table has a place and a fix, in these words; and the fix works."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests.mistakes.running import outcome
from tests.mistakes.table import MISTAKES, Mistake

mistakes = pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)


@pytest.fixture(autouse=True)
def imports(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a file adds to the import system is gone after its test."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    import_module("harnesses")  # as the command does, before it imports a workflow


def test_there_are_fifty_mistakes_and_more() -> None:
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES) >= 50


@mistakes
def test_a_mistake_has_its_place_and_its_fix(mistake: Mistake, tmp_path: Path) -> None:
    found = outcome(tmp_path, mistake.text)
    assert found.status in ("refused", "failed")
    assert (found.place, found.said, found.hint) == (mistake.place, mistake.said, mistake.hint)
    assert found.place
    assert found.hint


@pytest.mark.sampled(47)
@mistakes
def test_a_mistake_that_is_corrected_is_gone(mistake: Mistake, tmp_path: Path) -> None:
    assert outcome(tmp_path, mistake.fixed).status in ("finished", "waiting")
