"""Each broken workflow is found with its place and its fix, in bounded time, and executes nothing
outside of the process that looks at it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from smithers.checks import Limits, check_file
from smithers.host import guard
from tests.checks.looking import findings, lines_of
from tests.checks.table import BROKEN, Broken
from tests.checks.table_more import MORE

LIMITS = Limits(cpu_s=4)


ALL = [*BROKEN, *MORE]


def test_there_are_forty_broken_workflows_and_more() -> None:
    assert len({one.name for one in ALL}) == len(ALL) >= 40


by_name = pytest.mark.parametrize("broken", ALL, ids=lambda one: one.name)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a broken file is, with others that it may name. Nothing of its import stays."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("flow", "helper", "other"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "keep.txt").write_text("kept")
    (tmp_path / "other.py").write_text("value = 1\n")
    return tmp_path


@pytest.mark.sampled(3)
@by_name
def test_a_broken_workflow_is_found_with_its_place_and_its_fix(
    broken: Broken, folder: Path
) -> None:
    for name, text in broken.texts.items():
        (folder / name).write_text(text)
    before = {path.name for path in folder.iterdir()}

    found = _confined(broken, folder) if broken.acts else lines_of(folder / "flow.py")

    first = next(one for one in found if one["level"] == "error")
    assert broken.said in first["message"].replace(str(folder), "FOLDER")
    assert broken.hint in first["hint"]
    place = first["place"]
    assert (Path(place["file"]).name, place["line"], place["column"]) == broken.place
    assert {path.name for path in folder.iterdir()} - {"__pycache__"} == before


def _confined(broken: Broken, folder: Path) -> Sequence[dict[str, Any]]:
    """What the check finds in its own process, of which nothing lives after that."""
    environment = {**os.environ, "SMITHERS_CHECKED": broken.name}
    found = check_file(folder / "flow.py", environment=environment, limits=LIMITS)
    assert not found.passes
    assert not (folder / "__pycache__").exists()
    assert not guard.marked(f"SMITHERS_CHECKED={broken.name}", guard.snapshot())
    return found.findings


@pytest.mark.sampled(20)
@by_name
def test_a_broken_workflow_that_is_corrected_passes(broken: Broken, folder: Path) -> None:
    (folder / "flow.py").write_text(broken.fixed)
    assert findings(folder / "flow.py", folder) == []
