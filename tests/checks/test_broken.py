"""Each broken workflow is found with its place and its fix, in bounded time, and executes nothing
outside of the process that looks at it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from smithers.checks import Limits, check_file
from smithers.host import guard
from tests.checks.looking import findings
from tests.checks.table import BROKEN, Broken

LIMITS = Limits(cpu_s=4)


def test_there_are_thirty_broken_workflows_and_more() -> None:
    assert len({one.name for one in BROKEN}) == len(BROKEN) >= 30


@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: one.name)
def test_a_broken_workflow_is_found_with_its_place_and_its_fix(
    broken: Broken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keep.txt").write_text("kept")
    (tmp_path / "other.py").write_text("value = 1\n")
    for name, text in broken.texts.items():
        (tmp_path / name).write_text(text)
    before = {path.name for path in tmp_path.iterdir()}
    environment = {**os.environ, "SMITHERS_CHECKED": broken.name}

    found = check_file(tmp_path / "flow.py", environment=environment, limits=LIMITS)

    assert not found.passes
    errors = [one for one in found.findings if one["level"] == "error"]
    first = errors[0]
    assert broken.said in first["message"].replace(str(tmp_path), "FOLDER")
    assert broken.hint in first["hint"]
    place = first["place"]
    assert (Path(place["file"]).name, place["line"], place["column"]) == broken.place
    assert {path.name for path in tmp_path.iterdir()} == before
    assert not guard.marked(f"SMITHERS_CHECKED={broken.name}", guard.snapshot())


@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: one.name)
def test_a_broken_workflow_that_is_corrected_passes(
    broken: Broken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    (tmp_path / "other.py").write_text("value = 1\n")
    (tmp_path / "flow.py").write_text(broken.fixed)
    assert findings(tmp_path / "flow.py", tmp_path) == []
