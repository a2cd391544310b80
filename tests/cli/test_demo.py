"""The demo tells its story in a folder of its own, with nothing installed."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cli.command import FLOWS, really, smithers


def test_the_demo_kills_a_run_and_goes_on_with_it(tmp_path: Path) -> None:
    # A store of the project around it is not the demo's, though it has a run of that name.
    assert smithers(tmp_path, "up", f"{FLOWS}:works", "--run-id", "demo").code == 0
    said = really(tmp_path, "demo", env={"PATH": "/nowhere"})
    assert said.code == 0, said.err
    typed = re.findall(r"^\$ (.*)$", said.err, re.M)
    assert typed[:3] == [
        "cd smithers-demo",
        "export SMITHERS_REPLAY=recordings SMITHERS_REPLAY_SPEED=1",
        "smithers up ship_it.py --run-id demo",
    ]
    assert typed[3].startswith("kill -9 ")
    assert typed[4:7] == [
        "smithers ps",
        "smithers why demo",
        "smithers up ship_it.py --run-id demo --resume",
    ]
    assert "plan started (attempt 2, claude-code, resumes its session" in said.err
    assert said.err.count("research started") == 1
    assert re.search(r"demo +ship_it +stale", said.out)
    folder = tmp_path / "smithers-demo"
    found = smithers(folder, "inspect", "demo", "--json").document
    attempts = {one["id"]: one["attempts"] for one in found["tasks"]}
    assert [one["state"] for one in attempts["plan"]] == ["interrupted", "succeeded"]
    assert len({one["session_id"] for one in attempts["plan"]}) == 1
    assert [len(attempts[id]) for id in ("research", "implement")] == [1, 1]
    for command in ("timeline", "logs", "graph"):
        assert smithers(folder, command, "demo").code == 0


def test_the_demo_spares_a_folder_that_is_in_use(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("keep")
    said = smithers(tmp_path, "demo", "mine")
    assert said.code == 2
    assert "not empty" in said.err
    assert [one.name for one in (tmp_path / "mine").iterdir()] == ["file"]
