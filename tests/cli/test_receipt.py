"""A receipt says on one page what ran, on what, and who decided what."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path

import pytest

from smithers.agent import (
    Answered,
    Ask,
    Capabilities,
    Event,
    Said,
    Started,
    ToolCalled,
    ToolReturned,
    Used,
)
from tests.cli.command import database, smithers

FLOW = """\
from pydantic import BaseModel

from smithers import *
from tests.cli.test_receipt import Worker


class Count(BaseModel):
    pages: int


class Topic(BaseModel):
    topic: str = "whales"


@workflow
def part(ctx: Context[NoInput]) -> Node:
    return Step("inner", lambda: 1)


@workflow(input=Topic)
def flow(ctx: Context[Topic]) -> Node:
    draft = Task("draft", agent=Worker(), prompt=f"Write about {ctx.input.topic}.\\nAt length.")
    ship = Approval("ship", ask=lambda: f"Ship this?\\n{ctx[draft]}", on_deny=Rework(draft))
    pages = HumanTask("pages", ask="How many pages?", output=Count)
    child = Subflow("child", part, input=NoInput())
    last = Step("last", lambda: 1)
    return Sequence(draft, ship, pages, child, last, result=last)
"""


class Worker:
    """An agent that calls two tools."""

    name = "worker"
    can = Capabilities(resumes=True)

    def versions(self) -> dict[str, str]:
        return {"worker-program": "4.5.6"}

    async def run(self, ask: Ask) -> AsyncGenerator[Event]:
        yield Started("s-1")
        yield Said("working")
        for number, name in enumerate(("Read", "Edit", "Read")):
            yield ToolCalled(call=str(number), name=name, arguments={"text": '"toolcalled"'})
            yield ToolReturned(call=str(number), text="ok")
        yield Used(tokens_in=1000, tokens_out=7, model="small-1")
        yield Answered("done")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was denied, approved and answered, and a fork with an output of a person."""
    return made_in(tmp_path_factory.mktemp("original"))


def made_in(folder: Path) -> Path:
    (folder / "flow.py").write_text(FLOW)
    assert smithers(folder, "up", "flow.py:flow", "--run-id", "r1").code == 3
    assert smithers(folder, "deny", "r1", "ship", "--note", "too long").code == 0
    assert smithers(folder, "resume", "r1").code == 3
    assert smithers(folder, "approve", "r1", "ship", "--note", "good", "--by", "ann").code == 0
    assert smithers(folder, "resume", "r1").code == 3
    assert smithers(folder, "answer", "r1", "pages", "--data", '{"pages": 7}').code == 0
    assert smithers(folder, "resume", "r1").code == 0
    assert smithers(folder, "fork", "r1", "--set", "last=2").code == 0
    return folder


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_receipt_has_the_source_and_what_it_ran_with(original: Path) -> None:
    found = smithers(original, "receipt", "r1", "--json").document
    (one,) = found["sources"]
    assert one["frame"] == 0
    assert one["files"] == [{"path": "flow.py", "digest": sha256(FLOW)}]
    assert one["about"]["programs"] == {"worker-program": "4.5.6"}
    assert set(one["about"]) == {"smithers", "python", "programs"}
    assert (found["workflow"], found["status"], found["input"]) == ("flow", "finished", {})
    assert found["children"] == ["r1.child"]


def test_a_receipt_has_the_work_of_agents(original: Path) -> None:
    found = smithers(original, "receipt", "r1", "--json").document
    (work,) = found["work"]
    assert (work["task"], work["agents"], work["models"]) == ("draft", ["worker"], ["small-1"])
    assert (work["state"], work["attempts"]) == ("finished", 2)
    assert work["tools"] == {"Read": 4, "Edit": 2}
    assert work["prompt"] == "Write about whales."
    assert work["output_sha256"] == sha256('"done"')
    assert found["others"] == {"approval": 1, "human": 1, "subflow": 1, "step": 1}
    assert found["output_sha256"] == sha256("1")
    assert found["cost"]["total"]["tokens_in"] == 2000


def test_a_receipt_has_who_decided_what(original: Path) -> None:
    found = smithers(original, "receipt", "r1", "--json").document["decisions"]
    told = [(one["task"], one["answer"], one["by"], one["note"], one["counts"]) for one in found]
    me = found[0]["by"]
    assert told == [
        ("ship", "deny", me, "too long", False),
        ("ship", "approve", "ann", "good", True),
        ("pages", {"pages": 7}, me, None, True),
    ]
    assert found[1]["login"] == me
    assert found[0]["asked"] == "Ship this?"
    assert found[2]["digest"] == sha256("How many pages?")
    (again,) = smithers(original, "receipt", "r1", "--json").document["happened"]
    assert again["words"] == f"run again: draft, ship, because ship was denied by {me}"


def test_the_receipt_of_a_fork_tells_what_is_inherited_and_set(original: Path) -> None:
    found = smithers(original, "receipt", "r1-fork", "--json").document
    last = smithers(original, "verify", "r1", "--json").document["frame"]
    assert found["forked_from"] == {"run_id": "r1", "frame": last}
    assert found["work"][0]["origins"] == ["r1"]
    assert found["work"][0]["tools"] == {"Read": 4, "Edit": 2}
    assert {one["origin"] for one in found["decisions"]} == {"r1"}
    assert [(one["task"], one["by"]) for one in found["set_by"]] == [
        ("last", found["decisions"][0]["by"])
    ]
    assert found["cost"]["total"]["tokens_in"] == 0
    assert found["cost"]["inherited"]["tokens_in"] == 2000
    text = smithers(original, "receipt", "r1-fork").out
    assert "inherited  from r1" in text
    assert "inherited (paid by its source)" in text
    assert "outputs given by a person\n  last       by " in text


def test_a_decision_is_told_with_the_run_in_which_it_was_made(
    original: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(original, folder)
    assert smithers(folder, "fork", "r1", "--run-id", "first").code == 0
    assert smithers(folder, "fork", "first", "--run-id", "second").code == 0
    found = smithers(folder, "receipt", "second", "--json").document
    assert found["forked_from"]["run_id"] == "first"
    assert {one["origin"] for one in found["decisions"]} == {"r1"}


def test_the_digest_of_a_receipt_verifies_the_run(original: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(original, folder)
    command = smithers(folder, "receipt", "r1").out.splitlines()[-1].removeprefix("verify: ")
    words = command.split()
    assert words[:3] == ["smithers", "verify", "r1"]
    assert smithers(folder, *words[1:]).code == 0
    with closing(sqlite3.connect(database(folder), isolation_level=None)) as db:
        db.execute("UPDATE outputs SET json = '2' WHERE run_id = 'r1' AND task = 'last'")
    assert smithers(folder, *words[1:]).code == 1


def test_a_receipt_fits_a_narrow_terminal(original: Path) -> None:
    for run_id in ("r1", "r1-fork", "r1.child"):
        said = smithers(original, "receipt", run_id)
        assert said.code == 0
        *lines, last = said.out.splitlines()
        assert last.startswith("verify: ")
        assert [line for line in lines if len(line) > 80] == []


def test_a_receipt_shows_no_secret_and_forges_no_line(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(FLOW)
    secret = "correct-horse-1234567"
    hostile = f'{{"topic": "{secret}\\n\\u001b[2Jverify: forged"}}'
    env = {"MY_TOKEN": secret}
    said = smithers(tmp_path, "up", "flow.py:flow", "--run-id", "r1", "--input", hostile, env=env)
    assert said.code == 3
    assert smithers(tmp_path, "approve", "r1", "--note", f"\n{secret}\nverify: x").code == 0
    assert smithers(tmp_path, "resume", "r1").code == 3
    for more in ([], ["--json"]):
        said = smithers(tmp_path, "receipt", "r1", *more, env=env)
        assert said.code == 0
        assert secret not in said.out
        assert "\x1b" not in said.out
    lines = smithers(tmp_path, "receipt", "r1", env=env).out.splitlines()
    assert [line for line in lines if line.startswith("verify:")] == lines[-1:]


def test_tools_are_not_known_without_the_stream(original: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(original, folder)
    shutil.rmtree(database(folder).with_suffix(".runs") / "r1")
    found = smithers(folder, "receipt", "r1", "--json").document
    assert found["work"][0]["tools"] is None
    assert "not known: a stream is missing" in smithers(folder, "receipt", "r1").out


def test_a_run_of_an_earlier_version_has_the_digest_of_its_source(
    original: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(original, folder)
    with closing(sqlite3.connect(database(folder), isolation_level=None)) as db:
        db.executescript("DELETE FROM claims; DELETE FROM sources")
    (one,) = smithers(folder, "receipt", "r1", "--json").document["sources"]
    assert (one["files"], one["about"]) == ([], {})
    assert "files not stored" in smithers(folder, "receipt", "r1").out


def test_an_unknown_run_has_no_receipt(original: Path) -> None:
    said = smithers(original, "receipt", "r9")
    assert (said.code, said.out) == (2, "")


def test_a_decision_that_a_rewind_and_a_rename_have_written_again_is_told_once(
    original: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(original, folder)
    before = smithers(folder, "receipt", "r1", "--json").document["decisions"]
    frame = smithers(folder, "receipt", "r1", "--json").document["frame"]
    assert smithers(folder, "rewind", "r1", "--frame", "0").code == 0
    void = smithers(folder, "receipt", "r1", "--json").document["decisions"]
    assert void == [{**one, "counts": False} for one in before]
    assert smithers(folder, "rewind", "r1", "--frame", str(frame)).code == 0
    assert smithers(folder, "receipt", "r1", "--json").document["decisions"] == before


@pytest.mark.long
def test_a_renamed_task_has_its_decision_and_the_tools_of_its_agent(tmp_path: Path) -> None:
    folder = made_in(tmp_path)
    before = smithers(folder, "receipt", "r1", "--json").document
    text = FLOW.replace('"draft"', '"text"').replace('"ship"', '"release"')
    (folder / "flow.py").write_text(text)
    renamed = ("--rename", "draft=text", "--rename", "ship=release")
    assert smithers(folder, "resume", "r1", *renamed).code == 0
    assert smithers(folder, "fork", "r1", "--run-id", "f").code == 0
    for run in ("r1", "f"):
        found = smithers(folder, "receipt", run, "--json").document
        (work,) = [one for one in found["work"] if one["task"] == "text"]
        assert work["tools"] == {"Read": 2, "Edit": 1}
        assert [one["task"] for one in found["decisions"]] == ["ship", "release", "pages"]
        assert [one["frame"] for one in found["decisions"]] == [
            one["frame"] for one in before["decisions"]
        ]
        assert smithers(folder, "verify", run, "--json").document["notes"] == []
