"""`author_workflow`: a source is checked where mistakes do no harm, and nothing is kept of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.mcp_server.serving import Era, Project, human, in_both_eras

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(180)]

SOURCE = """\
from pathlib import Path

from pydantic import BaseModel

from harnesses import Codex
from smithers import Context, Sequence, Task, workflow


class Wish(BaseModel):
    topic: str


@workflow(input=Wish)
def ship(ctx: Context[Wish]):
    first = Task("first", agent=Codex(), prompt=f"Say {ctx.input.topic}.")
    last = Task("last", agent=Codex(), prompt=lambda: f"Shorten: {ctx[first]}")
    return Sequence(first, last, result=last)
"""


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, which is empty."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def contents(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))


@pytest.mark.sampled(1)
@in_both_eras
async def test_a_source_that_passes_gives_its_tree_and_is_written_nowhere(
    project: Project, era: Era, scratch: Path
) -> None:
    before = contents(project.folder)
    async with project.client(era) as call:
        said = await call("author_workflow", source=SOURCE)
        given = await call("author_workflow", source=SOURCE, input={"topic": "whales"})
    assert (said["passes"], said["workflow"], said["findings"]) == (True, "ship", [])
    assert [(one["depth"], one["id"], one["waits"]) for one in said["tree"]] == [
        (0, "sequence", None),
        (1, "first", None),
        (1, "last", "waits for first"),
    ]
    assert said["tree"][1]["place"] == "workflow.py:15:13"
    assert (said["agents"], said["agent_calls"]["once"]) == (["codex"], 2)
    assert "start_run" in said.line
    assert given["passes"] is True
    assert contents(project.folder) == before
    assert contents(scratch) == []


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        ("lambda: f", "f", "workflow.py:16:47", "reads an output before it is there"),
        ("return Seq", "return Seq(", "workflow.py:17", "not valid Python"),
        ("{ctx[first]}", "{ctx[first][99]}", "workflow.py:16:6", "a dry run did not finish: last"),
        ("import Path\n", "import Path\nPath('x').touch()\n", "workflow.py:2:1", "was refused"),
        (
            "import Path\n",
            "import Path\nwhile True: pass\n",
            "workflow.py:2:",
            "did not come to its end in",
        ),
    ],
)
async def test_a_mistake_has_its_place_in_the_source(
    project: Project, scratch: Path, old: str, new: str, place: str, message: str
) -> None:
    before = contents(project.folder)
    async with project.client("2026-07-28") as call:
        said = await call("author_workflow", source=SOURCE.replace(old, new, 1))
    assert said["passes"] is False
    one = said["findings"][0]
    assert message in one["message"], said["findings"]
    assert one["place"].startswith(place), one
    assert "author_workflow again" in said.line
    assert contents(project.folder) == before
    assert contents(scratch) == []


async def test_it_is_told_as_executing_code(project: Project) -> None:
    async with project.client("2026-07-28") as call:
        tools = {one.name: one for one in (await call.client.list_tools()).tools}
    found = tools["author_workflow"].annotations
    assert found is not None
    assert (found.read_only_hint, found.destructive_hint, found.open_world_hint) == (
        *(False, True, True),
    )


@pytest.mark.sampled(1)
@pytest.mark.parametrize("answer", ["trust", "refuse", "nobody"])
async def test_nothing_is_executed_in_a_folder_that_the_person_does_not_trust(
    tmp_path: Path, answer: str
) -> None:
    folder = tmp_path / "clone"
    folder.mkdir()
    project = Project(folder, trusted=False)
    asked: list[str] = []
    person = human("accept", decision=answer)

    async def answers(text: str):  # type: ignore[no-untyped-def]
        asked.append(text)
        return await person(text)

    who = None if answer == "nobody" else answers
    async with project.client("2026-07-28", answers=who) as call:
        said = await call("author_workflow", source=SOURCE)
        if answer != "trust":
            assert said.error.startswith("UNTRUSTED: ")
            assert f"{folder} is a folder that the person has not trusted yet" in said.error
        else:
            assert said["passes"]
            assert (await call("author_workflow", source=SOURCE))["passes"]
    assert len(asked) == (0 if answer == "nobody" else 1)
    assert all("An agent wants to check a workflow that it has written" in one for one in asked)
