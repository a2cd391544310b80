"""A client in a folder that its person does not trust yet: nothing there is executed."""

from __future__ import annotations

import asyncio
import shlex
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.command import smithers
from tests.mcp_server.serving import Era, Project, human, in_both_eras

pytestmark = pytest.mark.anyio

FLOW = (
    """
from pathlib import Path

from smithers import Step, workflow

Path({trace!r}).touch()


@workflow(name="greeting")
def hello(ctx):
    """
    + '"""Greet."""'
    + """
    return Step("hello", lambda: "hello")
"""
)


@pytest.fixture
def untrusted(tmp_path: Path) -> Project:
    """A clone, as it were, of somebody else's repository."""
    folder = tmp_path / "clone"
    folder.mkdir()
    project = Project(folder, trusted=False)
    text = FLOW.format(trace=str(tmp_path / "imported"))
    (folder / ".smithers" / "workflows" / "flows.py").write_text(text)
    return project


def typed(command: str, project: Project) -> None:
    """A person types a command of an error in an empty folder, with a PATH that has no programs."""
    elsewhere = project.folder.with_name("elsewhere")
    elsewhere.mkdir(exist_ok=True)
    environment = {**project.environment, "PATH": str(elsewhere)}
    words = shlex.split(command)
    subprocess.run(words, cwd=elsewhere, env=environment, check=True, capture_output=True)


def was_imported(project: Project) -> bool:
    return project.folder.with_name("imported").exists()


async def test_workflows_are_listed_by_a_parse_alone(untrusted: Project, era: Era) -> None:
    async with untrusted.client(era) as call:
        (listed,) = (await call("list_workflows"))["workflows"]
    assert (listed["workflow"], listed["description"]) == ("flows", "Greet.")
    assert listed["input"] is None
    said = smithers(untrusted.folder, "workflows")
    assert (said.code, "greeting" in said.out) == (0, True)
    assert "smithers trust" in said.err
    assert not was_imported(untrusted)
    assert not untrusted.database.exists()


@in_both_eras
async def test_a_start_asks_the_person_once(untrusted: Project, era: Era) -> None:
    asked: list[str] = []
    trusts = human("accept", decision="trust")

    async def answers(text: str):  # type: ignore[no-untyped-def]
        asked.append(text)
        return await trusts(text)

    async with untrusted.client(era, answers=answers) as call:
        for workflow in ("greeting", "flows"):
            run = await call("start_run", workflow=workflow)
            done = await call("wait_run", run_id=run["run_id"], timeout_s=50)
            assert done["output"] == "hello"
    assert len(asked) == 1
    assert str(untrusted.folder / ".smithers" / "workflows" / "flows.py") in asked[0]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("answer", ["nobody", "refuse", "decline", "cancel"])
async def test_without_a_person_who_trusts_it_a_start_is_refused_with_the_command(
    untrusted: Project, era: Era, answer: str
) -> None:
    people = {
        "nobody": None,
        "refuse": human("accept", decision="refuse"),
        "decline": human("decline"),
        "cancel": human("cancel"),
    }
    async with untrusted.client(era, answers=people[answer]) as call:
        said = await call("start_run", workflow="flows")
        assert said.error.startswith("UNTRUSTED: ")
        assert not was_imported(untrusted)
        command = said.error.split("in their own terminal: ")[1]
        await asyncio.to_thread(typed, command, untrusted)
        assert (await call("start_run", workflow="flows"))["started"]


async def test_a_run_of_a_database_that_came_with_a_clone_is_not_resumed(
    tmp_path: Path, era: Era
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    mine = Project(folder)
    async with mine.client(era) as call:
        run_id = (await call("start_run", workflow="fails"))["run_id"]
        assert (await call("wait_run", run_id=run_id, timeout_s=50))["status"] == "failed"
    (tmp_path / "clone").mkdir()
    clone = Project(tmp_path / "clone", trusted=False)
    with closing(sqlite3.connect(mine.database)) as db:
        db.execute("VACUUM INTO ?", (str(clone.database),))
    async with clone.client(era, supervises=True) as call:
        said = (await call("resume_run", run_id=run_id)).error
        assert said.startswith("UNTRUSTED: ")
        await asyncio.to_thread(typed, said.rpartition("type: ")[2], clone)
        assert clone.hub.status(run_id) == "failed"
