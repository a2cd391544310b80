"""`new`: an agent gets the errors of its file in its session, and only what passes is written."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from smithers.authoring.new_workflow import _source  # pyright: ignore[reportPrivateUsage]
from tests.authoring import author
from tests.cli.command import Said, ended, eventually, really, smithers, started, state_of

pytestmark = pytest.mark.timeout(240)

HEAD = "from harnesses import Codex\nfrom smithers import Sequence, Task, workflow\n\n\n"
FLOW = """@workflow
def flow(ctx):
    first = Task("first", agent=Codex(), prompt="Go.")
    last = Task("last", agent=Codex(), prompt=lambda: f"Say: {ctx[first]}")
    return Sequence(first, last)
"""
RIGHT = HEAD + FLOW
SYNTAX = RIGHT.replace("return Sequence(first, last)", "return Sequence(first, last")
FORGOTTEN = RIGHT.replace("lambda: f", "f")
TRIED = RIGHT.replace("{ctx[first]}", "{ctx[first][500]}")


def answer(source: str) -> str:
    return f"Here it is:\n\n```python\n{source}```\n\nIt does what you want."


class Desk:
    """A folder to work in, and an agent that is installed beside, with these answers."""

    def __init__(self, folder: Path, *answers: str) -> None:
        self.folder, self.site = folder / "project", folder / "site"
        self.folder.mkdir()
        (about := self.site / "author-1.0.dist-info").mkdir(parents=True)
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: author\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text("[smithers.agents]\nauthor = author:ADAPTER\n")
        shutil.copy(author.__file__, self.site / "author.py")
        (self.site / "script.json").write_text(json.dumps(answers))

    @property
    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(self.site), "PATH": "/usr/bin:/bin"}

    def new(self, *words: str, **variables: str) -> Said:
        environment = {**self.environment, **variables}
        return really(self.folder, "new", "say things", *words, env=environment, within_s=180)

    @property
    def asked(self) -> list[dict[str, Any]]:
        """What the agent was told, and in which session."""
        lines = (self.site / "asked.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    @property
    def files(self) -> list[str]:
        """What is in the folder besides the database."""
        return sorted(one.name for one in self.folder.iterdir() if one.name != ".smithers")


@pytest.mark.long
def test_three_errors_go_back_in_the_session_and_the_file_that_passes_is_written(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, *map(answer, (SYNTAX, FORGOTTEN, TRIED, RIGHT)))
    said = desk.new("-o", "say.py")
    assert said.code == 0, said
    assert said.out == f"{desk.folder / 'say.py'}\n"
    assert "author writes say.py" in said.err
    assert "type `smithers check say.py` or `smithers up say.py`" in said.err
    assert (desk.folder / "say.py").read_text() == RIGHT
    assert desk.files == ["say.py"]
    first, *others = desk.asked
    assert "say things" in first["told"]
    assert "max_iterations" in first["told"], "the manual is in the prompt"
    assert first["session"] is None
    assert [one["session"] for one in others] == ["scripted-1"] * 3
    errors = ("say.py:9:20: not valid Python", "say.py:8:47: the prompt", "IndexError")
    for one, error in zip(others, errors, strict=True):
        assert "say.py does not pass:" in one["told"]
        assert error in one["told"], one
    assert smithers(desk.folder, "check", "say.py").code == 0
    (run,) = smithers(desk.folder, "ps", "--json").document["runs"]
    assert (run["workflow"], run["status"]) == ("new_workflow", "finished")


@pytest.mark.long
def test_one_that_never_passes_ends_with_the_last_errors_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, answer(SYNTAX), answer(FORGOTTEN))
    said = desk.new("-o", "say.py", "--agent", "author", "--tries", "2")
    assert said.code == 1, said
    assert "say.py does not pass:" in said.err
    assert "ctx[first]" in said.err
    assert "`smithers check say.py`" not in said.err
    assert len(desk.asked) == 2
    assert desk.files == []


@pytest.mark.long
def test_what_is_interrupted_leaves_no_file_and_is_resumed(tmp_path: Path) -> None:
    desk = Desk(tmp_path, answer(SYNTAX), answer(RIGHT))
    words = ("new", "say things", "-o", "say.py", "--agent", "author")
    slow = {**desk.environment, "LATENCY": "60"}
    with started(desk.folder, *words, env=slow) as child:
        eventually(lambda: len(_runs(desk)) == 1)
        (run_id,) = _runs(desk)
        eventually(lambda: state_of(desk.folder, run_id, "write") == "running")
        child.send_signal(signal.SIGINT)
        said = ended(child)
    assert (said.code, desk.files) == (130, []), said
    resumed = really(desk.folder, "resume", run_id, env=desk.environment, within_s=120)
    assert (resumed.code, desk.files) == (0, ["say.py"]), resumed


def _runs(desk: Desk) -> list[str]:
    found = smithers(desk.folder, "ps", "--json")
    return [one["run_id"] for one in found.document["runs"]] if found.code == 0 else []


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("text", "code", "left"),
    [("mine\n", 1, "mine\n"), (RIGHT[:40], 0, RIGHT)],
    ids=["another file", "a part that a crash has left"],
)
def test_a_file_that_comes_up_meanwhile_is_not_overwritten(
    tmp_path: Path, text: str, code: int, left: str
) -> None:
    desk = Desk(tmp_path, answer(RIGHT))
    written = desk.folder / "say.py"
    meanwhile = {"MEANWHILE": json.dumps({str(written): text})}
    said = desk.new("-o", "say.py", **meanwhile)
    assert (said.code, "exists by now" in said.err) == (code, code == 1), said
    assert written.read_text() == left


def without_agents(home: Path) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": ""}


@pytest.mark.parametrize(
    ("words", "told", "hint"),
    [
        (["-o", "there.py"], "there.py exists, and is not overwritten", "-o FILE"),
        (["-o", "gone/x.py"], "there is no folder gone", "mkdir -p gone"),
        (["-o", "x.txt"], "x.txt is not the name of a Python file", "-o review.py"),
        (["--agent", "codxe"], "no adapter 'codxe' is installed", "codex"),
        (["--agent", "openai"], "openai needs model", "openai:MODEL"),
        (["--tries", "50"], "--tries is at most 20, not 50", "smaller"),
    ],
)
def test_what_cannot_be_begun_is_refused_before_an_agent_is_asked(
    tmp_path: Path, words: list[str], told: str, hint: str
) -> None:
    (tmp_path / "there.py").write_text("")
    said = smithers(tmp_path, "new", "say things", *words, env=without_agents(tmp_path))
    assert (said.code, said.out) == (2, ""), said
    assert told in said.err
    assert hint in said.err
    assert [one.name for one in tmp_path.iterdir()] == ["there.py"]


def test_without_an_agent_the_hint_leads_to_how_one_is_installed(tmp_path: Path) -> None:
    said = smithers(tmp_path, "new", "say things", env=without_agents(tmp_path))
    assert (said.code, said.out) == (2, ""), said
    assert "no agent is installed and signed in" in said.err
    assert "type `smithers doctor`" in said.err
    helped = smithers(tmp_path, "doctor", env=without_agents(tmp_path))
    assert "npm install -g @anthropic-ai/claude-code" in helped.out, helped


@pytest.mark.long
def test_the_file_is_named_by_the_first_words_and_placed_beside_the_others(tmp_path: Path) -> None:
    desk = Desk(tmp_path, answer(RIGHT))
    (desk.folder / ".smithers" / "workflows").mkdir(parents=True)
    said = desk.new("--json")
    assert said.code == 0, said
    named = desk.folder / ".smithers" / "workflows" / "say_things.py"
    assert said.document["output"] == str(named)


@pytest.mark.parametrize("fence", ["```python3", '```python title="a.py"', "```Python", "```"])
def test_the_block_of_an_answer_is_found_however_it_is_opened(fence: str) -> None:
    assert _source(f"Longer words than code.\n\n{fence}\nx = 1\n```\n\nAnd more.") == "x = 1\n"


def test_a_source_may_contain_fences_of_other_lengths() -> None:
    source = 'PROMPT = """\n```json\n{}\n```\n"""\n'
    assert _source(f"Here:\n\n````python\n{source}````\n\nDone.") == source
    assert _source('```python\nx = """\n```json\n"""\n```\n') == 'x = """\n```json\n"""\n'
