"""Whatever stands below a run may change nothing of it; a person beside it may.

Each way of being below or beside is tried with a few verbs. `make long` tries every verb in one of
them, by the command line, by `Hub` and over MCP, and `make trust` in each.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from smithers.engine.authority import driving
from smithers.errors import Refused
from smithers.hub import Hub
from tests.durability import probe
from tests.durability.commands import Project, until

PROBE = Path(probe.__file__)
UNSHARE = ("unshare", "--pid", "--fork", "--mount-proc")
BELOW = ("plain", "cleared", "owner", "setsid", "double", "step", "step-double")
BESIDE = ("by-plain", "by-nohup", "by-orphan", "by-terminal", "by-tmux")
REFUSED = "an agent may not"
VERBS = {
    *(f"smithers {name}" for name in (*probe.COMMANDS, *probe.SERVICES)),
    *(f"Hub.{name}" for name in probe.METHODS),
    *probe.TOOLS,
}


def beside(project: Project, way: str, *more: str) -> list[str]:
    file = project.folder / f"{way}.json"
    return [sys.executable, str(PROBE), str(project.database), str(file), *more]


def found(project: Project, way: str) -> dict[str, str]:
    said: dict[str, str] = json.loads((project.folder / f"{way}.json").read_text())
    return said


def in_a_terminal(command: list[str], project: Project) -> None:
    """A shell with a terminal of its own, as over ssh: nothing above it is the run's."""
    import pexpect

    words = " ".join(command)
    run: Any = pexpect.spawn
    shell = run("/bin/sh", ["-c", words], cwd=project.folder, env=project.environment, timeout=120)
    shell.expect(pexpect.EOF)
    shell.close()


def in_tmux(command: list[str], project: Project) -> None:
    socket = str(project.folder / "tmux")
    words = ["tmux", "-S", socket, "new-session", "-d", " ".join(command)]
    subprocess.run(words, cwd=project.folder, env=project.environment, check=True)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "whole",
    [
        [],
        pytest.param(["plain"], marks=pytest.mark.long),
        pytest.param([*BELOW, *BESIDE, "namespace"], marks=pytest.mark.trust),
    ],
    ids=["few", "one", "all"],
)
def test_below_a_run_every_verb_is_refused_and_beside_it_none(
    project: Project, whole: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In one run, since each look costs seconds; `whole` are the ways in which every verb is tried,
    with a few of them in each other way.
    """
    project.environment |= {
        "PROBE": str(PROBE),
        "WHOLE": " ".join(whole),
        "PYTHONPATH": str(PROBE.parents[2]),
        "XDG_STATE_HOME": str(tmp_path_factory.mktemp("state")),
    }
    below: list[str] = [*BELOW]
    if shutil.which("unshare") and not subprocess.run([*UNSHARE, "true"], check=False).returncode:
        project.environment["UNSHARE"] = " ".join(UNSHARE)
        below.append("namespace")
    (project.folder / "hold-ways").touch()
    assert project.run("up", "ways.py:failing", "--run-id", "failed").returncode == 1
    owner = project.start("up", "ways.py:ways", "--run-id", "r1")
    try:
        for way in below:
            until((project.folder / f"{way}.json").exists, way, within_s=200)
            said = found(project, way)
            assert set(said) == (VERBS if way in whole else {*probe.FEW}), way
            assert {verb: text for verb, text in said.items() if REFUSED not in text} == {}, way
        inside = found(project, "inside")
        assert set(inside) == {verb for verb in VERBS if verb.startswith("Hub.")}
        assert {verb: text for verb, text in inside.items() if REFUSED not in text} == {}
        assert project.tasks("r1")["gate"]["state"] == "waiting"
        assert {one["run_id"] for one in project.json("ps")["runs"]} == {"failed", "r1"}

        people = list(BESIDE if shutil.which("tmux") else BESIDE[:-1])
        few = {way: () if way in whole else ("--few",) for way in people}
        commands = {way: beside(project, way, *few[way]) for way in people}
        for way in people[:2]:
            command = [*(["nohup"] if way == "by-nohup" else []), *commands[way]]
            subprocess.run(
                command,
                cwd=project.folder,
                env={**project.environment, "CI": "true"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=True,
            )
        orphan = f"(setsid {' '.join(commands['by-orphan'])} </dev/null >/dev/null 2>&1 &)"
        subprocess.run(
            ["/bin/sh", "-c", orphan], cwd=project.folder, env=project.environment, check=True
        )
        in_a_terminal(commands["by-terminal"], project)
        if "by-tmux" in people:
            in_tmux(commands["by-tmux"], project)
        for way in people:
            until((project.folder / f"{way}.json").exists, way, within_s=100)
            said = found(project, way)
            assert set(said) >= {*probe.FEW}, way
            assert {verb: text for verb, text in said.items() if REFUSED in text} == {}, way
        assert found(project, "by-plain")["smithers approve"] == "done"
        first = "smithers cancel" if "by-plain" in whole else "Hub.cancel"  # the run ends by it
        assert found(project, "by-plain")[first] == "done"
    finally:
        (project.folder / "hold-ways").unlink()
        owner.kill()
        owner.communicate(timeout=30)


def test_a_shell_that_has_inherited_a_mark_is_told_how_to_drop_it(project: Project) -> None:
    assert project.run("up", "gate.py", "--run-id", "r1").returncode == 3
    for marks in ({"SMITHERS_RUN": "r1"}, {"SMITHERS_ATTEMPT": "x:r1:1"}):
        shell = Project(project.folder, {**project.environment, **marks})
        done = shell.run("approve", "r1")
        assert done.returncode == 2
        assert REFUSED in done.stderr
        assert f"unset {' '.join(('SMITHERS_RUN', 'SMITHERS_ATTEMPT'))}" in done.stderr
    elsewhere = {"SMITHERS_RUN": "r1", "SMITHERS_RUN_DATABASE": str(project.folder / "ledger")}
    assert Project(project.folder, elsewhere).run("approve", "r1").returncode == 0


def test_a_step_that_drives_a_run_of_another_database_is_still_below_its_own(
    tmp_path: Path,
) -> None:
    database, other = tmp_path / "one.db", tmp_path / "other.db"
    database.touch()
    other.touch()
    hub = Hub(database, environment={})
    with driving(database, "r1"), driving(other, "r2"), pytest.raises(Refused, match=REFUSED):
        hub.check_may("cancel run r1")
    hub.check_may("cancel run r1")


@pytest.mark.skipif(sys.platform != "linux", reason="open files of other processes are not seen")
def test_another_name_of_the_database_hides_no_run(project: Project) -> None:
    """Through a hard link SQLite sees nothing that is in the write-ahead log beside the first name,
    such as which processes drive runs.
    """
    assert project.run("up", "gate.py", "--run-id", "r1").returncode == 3
    link = project.folder / "link.db"
    link.hardlink_to(project.database)
    approve = [sys.executable, "-m", "smithers", "approve", "r1", "--db", str(link)]
    with project.database.open("rb"):  # as a process that drives a run has
        done = subprocess.run(
            approve, cwd=project.folder, env=project.environment, capture_output=True, text=True
        )
    assert done.returncode == 2
    assert REFUSED in done.stderr
    assert f"has the same file open as {project.database}" in done.stderr
    link.unlink()
    assert project.run("approve", "r1").returncode == 0


def test_inside_a_step_another_name_of_the_database_is_still_its_own(tmp_path: Path) -> None:
    database, link = tmp_path / "one.db", tmp_path / "link.db"
    database.touch()
    link.hardlink_to(database)
    with driving(database, "r1"), pytest.raises(Refused, match=REFUSED):
        Hub(link, environment={}).check_may("cancel run r1")
