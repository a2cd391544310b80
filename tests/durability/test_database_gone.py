"""The files of a database go away while processes use it: they stop, and pay for nothing more."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from smithers.agent import Answered, Ask, Capabilities, Event
from smithers.changes import Frame
from smithers.errors import StoreError
from smithers.hub import Hub
from smithers.state import RunState
from tests.durability.commands import Project, until
from tests.engine.runs import Watch

FLOW = """
import os, time
from pathlib import Path
from smithers import Context, Node, NoInput, Sequence, Step, Task, workflow
from harnesses.process import Command, open_session
from smithers.agent import Answered, Capabilities

HERE = Path(__file__).parent

def note(word):
    with open(HERE / "ledger", "a") as ledger:
        ledger.write(word + "\\n")

class Shell:
    name, can = "shell", Capabilities()

    async def run(self, ask):
        note("paid " + ask.prompt)
        words = "-c", "echo $$ > pid; exec sleep 300" if ask.prompt == "long" else "true"
        command = Command(program="sh", executable="/bin/sh", flags=tuple(words), prompt="",
                          prompt_flag="x", cwd=HERE, env={"PATH": os.environ["PATH"]},
                          session=None, resumes=False)
        async with open_session(command, ask) as session:
            async for line in session.lines():
                pass
        yield Answered("done")

def first():
    note("first")
    while not (HERE / "go").exists():
        time.sleep(0.01)
    return "x"

@workflow
def steps(ctx: Context[NoInput]) -> Node:
    tasks = [Task(f"t{n}", agent=Shell(), prompt=str(n)) for n in range(3)]
    return Sequence(Step("first", first), *tasks)

@workflow
def long(ctx: Context[NoInput]) -> Node:
    return Task("t", agent=Shell(), prompt="long")
"""


def started(project: Project, name: str) -> subprocess.Popen[str]:
    (project.folder / "flow.py").write_text(FLOW)
    return project.start("up", f"flow.py:{name}", "--run-id", "r1")


def test_an_idle_owner_notices_that_its_folder_is_gone_and_stops_its_agent(
    project: Project,
) -> None:
    owner = started(project, "long")
    pid_file = project.folder / "pid"
    until(lambda: pid_file.exists() and pid_file.read_text().strip(), "the agent's program")
    program = int(pid_file.read_text())
    shutil.rmtree(project.database.parent)
    _, said = owner.communicate(timeout=60)
    assert owner.returncode == 2, said
    assert str(project.database) in said
    assert "was deleted or moved" in said
    assert not Path(f"/proc/{program}").exists(), "the agent works on for a run that is lost"
    assert not project.database.exists()


@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_paid_after_the_database_was_deleted_or_replaced(
    project: Project, replaced: bool
) -> None:
    owner = started(project, "steps")
    until(lambda: project.ledger == ["first"], "the first step")
    if replaced:
        shutil.copyfile(project.database, project.folder / "copy")
        (project.folder / "copy").rename(project.database)
    else:
        project.database.unlink()
    (project.folder / "go").touch()
    _, said = owner.communicate(timeout=60)
    assert owner.returncode == 2, said
    assert ("was replaced" if replaced else "was deleted") in said
    assert project.ledger == ["first"]


def test_an_owner_whose_folder_was_moved_away_can_be_resumed_once_it_is_back(
    project: Project,
) -> None:
    owner = started(project, "steps")
    until(lambda: project.ledger == ["first"], "the first step")
    folder = project.database.parent
    folder.rename(folder.with_name("away"))
    assert owner.wait(timeout=60) == 2
    owner.communicate()
    folder.with_name("away").rename(folder)
    (project.folder / "go").touch()
    assert project.run("resume", "r1").returncode == 0
    assert project.ledger == ["first", "first", "paid 0", "paid 1", "paid 2"]


class Counted:
    """An agent that counts how often it is asked."""

    name, can = "counted", Capabilities()
    asked = 0

    async def run(self, ask: Ask) -> AsyncGenerator[Event, None]:
        self.asked += 1
        yield Answered("done")


class Deleting(Watch):
    """Deletes the database as soon as the frame that starts an attempt is durable."""

    def __init__(self, database: Path) -> None:
        super().__init__()
        self._database = database

    def frame(self, frame: Frame, state: RunState) -> None:
        if state.running():
            self._database.unlink(missing_ok=True)


def test_a_program_does_not_start_if_the_database_went_after_its_start_was_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = Counted()
    module: Any = sys.modules[__name__]
    monkeypatch.setattr(module, "AGENT", agent, raising=False)
    file = tmp_path / "flow.py"
    file.write_text(
        f"import sys\nfrom smithers import Context, Node, NoInput, Task, workflow\n"
        f"AGENT = sys.modules[{__name__!r}].AGENT\n"
        "@workflow\ndef flow(ctx: Context[NoInput]) -> Node:\n"
        "    return Task('t', agent=AGENT, prompt='x')\n"
    )
    database = tmp_path / "runs.db"
    hub = Hub(database, environment={})
    with pytest.raises(StoreError, match="was deleted or moved"):
        asyncio.run(hub.start(str(file), run_id="r1", observer=Deleting(database)))
    assert agent.asked == 0


def test_a_supervisor_says_that_its_database_is_gone_and_ends(project: Project) -> None:
    assert project.run("trust").returncode == 0
    supervisor = project.start("supervise")
    try:
        assert supervisor.stderr is not None
        assert "supervising" in supervisor.stderr.readline()
        os.unlink(project.database)
        _, said = supervisor.communicate(timeout=60)
    finally:
        if supervisor.poll() is None:
            supervisor.send_signal(signal.SIGKILL)
    assert supervisor.returncode == 2, said
    assert f"the database {project.database} was deleted or moved" in said
    assert "Traceback" not in said
    assert "ExceptionGroup" not in said
