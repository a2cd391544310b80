"""The example that improves another workflow, to its end, in a real git repository."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from shutil import copyfile

import pytest

from tests.cli.command import environment, forked, smithers

_PATIENCE_S = 280
ROOT = Path(__file__).parents[2]
TRIAGE = """\
from pydantic import BaseModel

from agents import labeller
from smithers import Context, Node, Task, workflow


class Ticket(BaseModel):
    text: str


@workflow(input=Ticket)
def triage(ctx: Context[Ticket]) -> Node[str]:
    return Task("label", agent=labeller, prompt=f"Label this: {ctx.input.text}")
"""
AGENTS = '''\
from pathlib import Path

from harnesses import Scripted


def label(ask):
    found = "bug" if "crash" in ask.prompt else "question"
    return found if "one word" in ask.prompt else f"It is a {found}."


def edit(ask):
    """The first edit is broken, the second one good."""
    file = ask.cwd / "triage.py"
    text = file.read_text()
    assert "It is a bug." in ask.prompt, "it reads what the run did"
    if "Your last edit was not good enough" not in ask.prompt:
        file.write_text(text.replace("ctx.input.text", "ctx.input.txt"))
    else:
        assert "triage.py" in ask.prompt.split("not good enough")[1], "it reads what check found"
        good = text.replace("Label this", "Label this with one word").replace(".txt", ".text")
        file.write_text(good)
    (ask.cwd / "cases.jsonl").write_text("")
    return "edited"


labeller = Scripted({"label": label})
improver = Scripted({"edit": edit})
'''
IMPROVE = """\
import self_improve
from agents import improver

self_improve.improver = improver
improve = self_improve.self_improve
"""
CASES = [
    {"id": "crash", "input": {"text": "it crashes"}, "expected": "bug"},
    {"id": "how", "input": {"text": "how do I?"}, "expected": "question"},
]


def git(folder: Path, *words: str) -> str:
    named = ("-c", "user.name=ann", "-c", "user.email=ann@example.org")
    done = subprocess.run(
        ["git", *named, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with a workflow, its cases, and a run of it."""
    files = {"triage.py": TRIAGE, "agents.py": AGENTS, "improve.py": IMPROVE}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    copyfile(ROOT / "examples/self_improve/self_improve.py", tmp_path / "self_improve.py")
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(one) + "\n" for one in CASES))
    (tmp_path / ".gitignore").write_text(".smithers\n__pycache__\n")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "config", "user.name", "ann")
    git(tmp_path, "config", "user.email", "ann@example.org")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "A workflow")
    up = ("up", "triage.py", "--run-id", "t1", "--input", json.dumps(CASES[0]["input"]))
    assert smithers(tmp_path, *up).code == 0
    return tmp_path


def patiently(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run a command that starts a dozen others; its code, and what it wrote."""
    code, out, err = forked(folder, arguments, environment(), _PATIENCE_S)
    return code, (out + err).decode()


@pytest.mark.long
@pytest.mark.timeout(2 * _PATIENCE_S)
def test_a_workflow_is_improved_on_a_branch_which_a_person_denies_or_merges(
    project: Path,
) -> None:
    up = ("up", "improve.py", "--run-id", "i1", "--input", '{"run": "t1"}')
    code, told = patiently(project, *up)
    assert code == 3, told
    (question,) = smithers(project, "asks", "i1", "--json").document["asks"]
    asked = question["asked"]
    assert "The mean score was 0 and is 1." in asked
    assert "+    return Task(" in asked
    assert "the prompt of label differs" in asked, "the replay shows the prompt that differs"
    assert (project / "triage.py").read_text() == TRIAGE, "nothing of it before a person accepts"

    asks = smithers(project, "timeline", "i1", "--json").document["frames"][-1]["frame"]
    code, told = patiently(project, "deny", "i1", "--note", "too short", "--resume")
    assert code == 0, told
    assert "denied; the edit is on the branch improve/i1" in told
    assert (project / "triage.py").read_text() == TRIAGE
    assert git(project, "status", "--porcelain") == ""
    assert smithers(project, "rewind", "i1", "--frame", str(asks)).code == 0

    code, told = patiently(project, "approve", "i1", "--resume")
    assert code == 0, told
    assert "merged improve/i1" in told
    assert "with one word" in (project / "triage.py").read_text()
    assert len((project / "cases.jsonl").read_text().splitlines()) == 2, "the agent changed them"
    assert git(project, "status", "--porcelain") == ""
    assert len(git(project, "worktree", "list").splitlines()) == 1
    attempts = "SELECT task, count(*) AS n FROM attempts WHERE run_id = 'i1' GROUP BY task"
    done = {
        one["task"]: one["n"]
        for one in json.loads(smithers(project, "sql", attempts, "--json").out)
    }
    assert (done["before"], done["edit"], done["check"], done["after"]) == (1, 2, 2, 1)
