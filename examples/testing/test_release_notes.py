"""The workflow without an agent, a key or the internet: type `pytest` in this folder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FLOW = Path(__file__).with_name("release_notes.py")

pytestmark = pytest.mark.usefixtures("replay")


def up(folder: Path, version: str, *commits: str) -> dict[str, Any]:
    given = json.dumps({"version": version, "commits": commits})
    command = [sys.executable, "-m", "smithers", "up", str(FLOW), "--json", "--input", given]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_notes_that_a_user_understands_are_ready(tmp_path: Path) -> None:
    run = up(tmp_path, "1.1", "fix: the list of runs is sorted by age")
    assert run["status"] == "finished"
    assert run["output"]["ready"]
    assert "sorted" in run["output"]["text"]


def test_notes_that_a_user_does_not_understand_are_not_ready(tmp_path: Path) -> None:
    run = up(tmp_path, "1.2", "refactor: the fence is carried by the frame")
    assert run["status"] == "finished"
    assert not run["output"]["ready"]
