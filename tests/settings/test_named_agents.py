"""Agents by name: `agent="fast"` is what the settings of the run's folder say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from smithers import Task
from smithers.errors import AuthorError
from smithers.settings import load_settings
from smithers.settings.agents import NamedAgents
from tests.cli.command import smithers

_FLOW = """\
from smithers import Context, NoInput, Node, Parallel, Sequence, Step, Task, workflow


@workflow
def flow(ctx: Context[NoInput]) -> Node:
    one = Task("one", agent="fast", prompt="p")
    two = Task("two", agent=["fast", "other"], prompt="q")
    return Sequence(one, two, Step("last", lambda: open("go").read()))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flow.py").write_text(_FLOW)
    return tmp_path


def write(folder: Path, text: str) -> None:
    (folder / "smithers.toml").write_text(text)


def test_a_run_uses_the_agents_that_are_named_and_a_resume_those_of_now(folder: Path) -> None:
    write(folder, '[agents]\nfast = "echo"\nother = "claude-code:opus"\n')
    first = smithers(folder, "up", "flow.py", "--run-id", "r")
    assert first.code == 1, first.err
    write(folder, '[agents]\nfast = "claude-code:haiku"\nother = "echo"\n')
    (folder / "go").write_text("gone")
    again = smithers(folder, "resume", "r")
    assert again.code == 0, again.err
    rows = smithers(folder, "sql", "SELECT agent FROM attempts ORDER BY attempt", "--json").out
    assert [row["agent"] for row in json.loads(rows)] == ["echo", "echo", "python", "python"]


def test_the_resolved_name_with_its_model_is_stored(folder: Path) -> None:
    write(folder, '[agents]\nfast = "claude-code:haiku"\nother = "echo"\n')
    found = load_settings(folder, {}, None)
    agents = NamedAgents(found)
    assert agents("fast").name == "claude-code/haiku"
    assert agents("fast") is agents("fast")


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ('fast = "ecko"', ":2: agents.fast: no adapter 'ecko' is installed", "mean 'echo'?"),
        ('fast = "echo:big"', ":2: agents.fast: echo has no argument 'model'", "write only 'echo'"),
        ('fast = "litellm"', ":2: agents.fast: litellm needs model", 'fast = "litellm:MODEL"'),
        (
            'fast = {adapter = "codex", sandbocks = "x"}',
            ":2: agents.fast: codex has no argument 'sandbocks'",
            "did you mean 'sandbox'?",
        ),
        (
            'fast = {adapter = "codex", sandbox = "x"}',
            ":2: agents.fast: sandbox must be 'read-only'",
            "correct sandbox",
        ),
        (
            'fast = {adapter = "antigravity-cli"}',
            ":2: agents.fast: AntigravityCLI was never tested",
            "Antigravity",
        ),
        ('fats = "echo"', "no settings define an agent 'fast'", "did you mean 'fats'? Otherwise"),
        ("", "no settings define an agent 'fast'", "smithers.toml: [agents], and below it fast ="),
    ],
)
def test_an_agent_that_cannot_be_made_is_an_error_of_the_task_with_its_place(
    folder: Path, text: str, said: str, hint: str
) -> None:
    write(folder, f"[agents]\n{text}\n")
    smithers(folder, "trust", "smithers.toml")
    refused = smithers(folder, "up", "flow.py", "--json")
    assert refused.code == 2
    error = refused.document["error"]
    assert error["place"] == f"{folder}/flow.py:6:11"
    assert said in error["message"]
    assert hint in error["hint"]
    assert not (folder / ".smithers").exists()


def test_a_name_outside_of_a_run_is_an_author_error() -> None:
    with pytest.raises(AuthorError, match="names the agent 'fast', but it is not made in a run"):
        Task("t", agent="fast", prompt="p")


def test_a_changed_file_must_be_trusted_anew(folder: Path) -> None:
    text = '[agents]\nother = "echo"\nfast = {adapter = "codex", program = "./codex"}\n'
    write(folder, text)
    refused = smithers(folder, "up", "flow.py")
    assert refused.code == 2
    assert "smithers.toml:3: agents.fast.program may decide" in refused.err
    assert not (folder / ".smithers").exists()
    assert smithers(folder, "trust", "smithers.toml").code == 0
    shown = smithers(folder, "config", "--json")
    assert all(one["trusted"] for one in shown.document["settings"])
    write(folder, text.replace("./codex", "./other"))
    shown = smithers(folder, "config", "--json")
    refused_keys = [one["key"] for one in shown.document["settings"] if not one["trusted"]]
    assert refused_keys == ["agents.other", "agents.fast"]
    assert "is not trusted" in shown.err
    assert smithers(folder, "up", "flow.py").code == 2
    write(folder, '[agents]\nother = "echo"\nfast = "codex"\n')  # the same with less said
    refused = smithers(folder, "up", "flow.py")
    assert (refused.code, (folder / ".smithers").exists()) == (2, False)
    assert "smithers.toml has changed since you trusted it" in refused.err
    write(folder, text)
    listed = smithers(folder, "trust", "--list", "--json").document["settings"]
    assert [one["path"] for one in listed if str(folder) in one["path"]] == [
        f"{folder}/smithers.toml"
    ]
    removed = smithers(folder, "trust", "--remove", "smithers.toml", "--json").document
    assert removed["outcome"] == "removed"
    assert smithers(folder, "up", "flow.py").code == 2


_BELOW = """\
import subprocess
import sys

from smithers import Context, NoInput, Node, Step, workflow

argv = [sys.executable, "-m", "smithers", "trust", "smithers.toml"]


@workflow
def flow(ctx: Context[NoInput]) -> Node:
    return Step("s", lambda: subprocess.run(argv, capture_output=True, text=True).stderr)
"""


def test_what_runs_below_a_run_cannot_trust_settings(folder: Path) -> None:
    write(folder, '[agents]\nfast = "echo"\n')
    (folder / "flow.py").write_text(_BELOW)
    said = smithers(folder, "up", "flow.py", "--json")
    assert said.code == 0, said.err
    assert "an agent may not change what is trusted" in json.dumps(said.document["output"])


_TWO = """\
from smithers import Context, NoInput, Node, Parallel, Step, workflow


@workflow(max_concurrency=5)
def flow(ctx: Context[NoInput]) -> Node:
    return Parallel(Step("a", lambda: 1), Step("b", lambda: 2))
"""


def test_the_options_of_up_count_more_than_the_settings(folder: Path) -> None:
    write(folder, 'max_concurrency = 1\ndb = "data/runs.db"\n')
    (folder / "flow.py").write_text(_TWO)
    (folder / "data").mkdir()
    assert smithers(folder, "up", "flow.py", "--run-id", "one").code == 0
    two = smithers(folder, "up", "flow.py", "--run-id", "two", "--max-concurrency", "2")
    assert two.code == 0, two.err
    assert (folder / "data" / "runs.db").is_file()
    frames = "SELECT run_id, count(DISTINCT born) AS frames FROM attempts GROUP BY run_id"
    rows = smithers(folder, "sql", frames, "--json").out
    assert json.loads(rows) == [{"run_id": "one", "frames": 2}, {"run_id": "two", "frames": 1}]
