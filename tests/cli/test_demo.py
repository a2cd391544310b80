"""The demo tells its story in a folder of its own, with nothing installed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.cli.command import FLOWS, environment, smithers

README = Path(__file__).parents[2] / "README.md"


def check_readme(said: str) -> None:
    """What the README shows of the demo are lines of it, in their order."""
    shown = re.search(r"^```\n\$ make demo\n(.*?)^```", README.read_text(), re.S | re.M)
    assert shown is not None
    printed = told(said)
    place = 0
    for line in told(shown[1]):
        if line != "...":
            assert line in printed[place:], f"{line!r} is not printed there:\n{said}"
            place = printed.index(line, place) + 1


def told(text: str) -> list[str]:
    """What a demo tells, line by line, without the times, prices, pids and sessions of one run."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-\S{4}-\S{4}-[0-9a-f]{12}", "SESSION", text)
    text = re.sub(r"\d\d:\d\d:\d\d", "TIME", text)
    text = re.sub(r"kill -9 \d+", "kill -9 PID", text)
    return re.sub(r"\d+\.\d s", "SECONDS", text).splitlines()


def test_the_demo_kills_a_run_and_goes_on_with_it_as_the_readme_shows(tmp_path: Path) -> None:
    # A store of the project around it is not the demo's, though it has a run of that name.
    assert smithers(tmp_path, "up", f"{FLOWS}:works", "--run-id", "demo").code == 0
    done = subprocess.run(
        [sys.executable, "-m", "smithers", "demo"],
        cwd=tmp_path,
        env=environment({"PATH": "/nowhere", "NO_COLOR": "1"}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
        check=False,
    )
    said = done.stdout
    assert done.returncode == 0, said
    check_readme(said)
    typed = re.findall(r"^\$ (.*)$", said, re.M)
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
    assert "plan started (attempt 2, claude-code, resumes its session" in said
    assert said.count("research started") == 1
    assert re.search(r"demo +ship_it +stale", said)
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
