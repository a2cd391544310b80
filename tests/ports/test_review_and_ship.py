"""The port of a review-and-ship skill: in a real repository with real tests and a bare remote,
killed and resumed, and it pushes nothing that a person has not approved.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench import ported
from tests.durability.commands import Project, until
from tests.ports import shipped
from tests.ports.shipped import MUL

ROOT = Path(__file__).parents[2]
PORT = ROOT / "examples" / "ports" / "review_and_ship.py"
FILE = f"{Path(shipped.__file__)}:workflow"
TESTS = f"{sys.executable} -B -m unittest -q"
TEST_MUL = """\
import unittest

from mul import mul


class Mul(unittest.TestCase):
    def test_mul(self) -> None:
        self.assertEqual([mul(2, 3), mul(0, 3)], [6, 0])
"""


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=ann", "-c", "user.email=ann@example.org"]
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(folder: Path, message: str, **files: str) -> None:
    for name, text in files.items():
        (folder / name.replace("_py", ".py")).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "-qm", message)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A clone on a branch whose tests fail, with a change that is not committed; its remote has a
    commit more.
    """
    remote, work, other = (tmp_path / name for name in ("remote.git", "work", "other"))
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(remote))
    for folder in (work, other):
        git(tmp_path, "clone", "-q", str(remote), str(folder))
        git(folder, "config", "user.name", "ann")
        git(folder, "config", "user.email", "ann@example.org")
    git(work, "switch", "-qc", "main")
    commit(work, "Begin", README="add\n")
    git(work, "push", "-q", "origin", "main")
    git(other, "pull", "-q", "origin", "main")
    commit(other, "Another", other_py="ONE = 1\n")
    git(other, "push", "-q", "origin", "HEAD:main")
    git(work, "switch", "-qc", "feature")
    commit(work, "Test mul", test_mul_py=TEST_MUL)
    (work / "mul.py").write_text(MUL.format("+"))
    return Project(work, {"PYTHONPATH": str(ROOT)})


def say(project: Project, *words: str) -> subprocess.CompletedProcess[str]:
    return project.run(*words, within_s=120)


def attempts(project: Project) -> dict[str, int]:
    return {id: len(task["attempts"]) for id, task in project.tasks().items() if task["attempts"]}


def begin(project: Project) -> None:
    """To the question which findings shall be fixed."""
    words = ("--run-id", "r1", "--input", f'{{"test": "{TESTS}"}}')
    begun = say(project, "up", FILE, *words)
    assert begun.returncode == 3, begun.stderr
    assert "1. mul.py:1: no word on overflow. Say it." in begun.stderr
    assert "2. mul.py:9: opens ../../etc/passwd. Do not." in begun.stderr
    assert "| 3. " not in begun.stderr, "what was refuted is not asked"


@pytest.mark.timeout(240)
def test_killed_at_work_it_ships_what_was_approved_and_repeats_nothing(project: Project) -> None:
    begin(project)
    work, remote = project.folder, project.folder.parent / "remote.git"
    assert say(project, "answer", "r1", "choose", "--data", '{"numbers": [1]}').returncode == 0
    owner = project.start("resume", "r1")
    until(lambda: (work.parent / "stuck").exists(), "the fix of the findings")
    before = attempts(project)
    project.kill(owner)

    asked = say(project, "resume", "r1")
    assert asked.returncode == 3, asked.stderr
    head = git(work, "rev-parse", "HEAD")
    assert f"Push {head}:refs/heads/feature to origin?" in asked.stderr
    assert git(remote, "branch", "--list", "feature") == ""
    (work / "late.py").write_text("")  # a change after the question is not part of the answer
    git(work, "add", "late.py")
    git(work, "commit", "-qm", "Late")

    done = say(project, "approve", "r1", "ship", "--resume")
    assert done.returncode == 6, done.stderr  # a commit of the plan was not possible
    assert done.stdout == f"pushed {head}:refs/heads/feature\n\nAdds mul.\n"
    assert git(remote, "rev-parse", "feature") == head
    log = git(remote, "log", "--no-merges", "--format=%s", "--name-only", "feature")
    assert log.split("\n\n")[0] == "Multiply"
    assert [line for line in log.splitlines() if line] == [
        *("Multiply", "README", "Add mul", "mul.py"),
        *("Test mul", "test_mul.py", "Another", "other.py", "Begin", "README"),
    ]
    after = attempts(project)
    assert {**before, "fix findings": 2} == {key: after[key] for key in before}
    assert [after[f"tests before[{n}]"] for n in (0, 1)] == [1, 1], "red, fixed, green"
    assert after["tests after[0]"] == 1
    assert "fix tests after[0]" not in after


@pytest.mark.long
@pytest.mark.timeout(240)
def test_killed_right_after_a_commit_it_does_not_make_it_twice(project: Project) -> None:
    work = project.folder
    (work.parent / "stuck").touch()
    begin(project)
    hook = work / ".git" / "hooks" / "post-commit"
    committed = work.parent / "committed"
    hook.write_text(f"#!/bin/sh\ntest -e {committed} || {{ touch {committed}; sleep 600; }}\n")
    hook.chmod(0o755)
    owner = project.start("answer", "r1", "choose", "--data", '{"numbers": [1]}', "--resume")
    until(committed.exists, "the first commit")
    project.kill(owner)
    assert say(project, "resume", "r1").returncode == 3
    assert git(work, "log", "--format=%s", "-2").splitlines() == ["Multiply", "Add mul"]
    assert attempts(project)["commit Add mul"] == 2


@pytest.mark.long
@pytest.mark.timeout(240)
def test_what_is_denied_is_not_pushed(project: Project) -> None:
    (project.folder.parent / "stuck").touch()
    begin(project)
    words = ("answer", "r1", "choose", "--data", '{"numbers": [1]}', "--resume")
    assert say(project, *words).returncode == 3
    denied = say(project, "deny", "r1", "ship", "--note", "not on a Friday", "--resume")
    assert (denied.returncode, "not on a Friday" in denied.stderr) == (1, True)
    assert git(project.folder.parent / "remote.git", "branch", "--list", "feature") == ""


def test_on_the_base_it_says_where_to_go(project: Project) -> None:
    git(project.folder, "switch", "-q", "main")
    begun = say(project, "up", FILE, "--run-id", "r1", "--input", f'{{"test": "{TESTS}"}}')
    assert begun.returncode == 1
    assert "you are on main: switch to the branch to ship, and resume" in begun.stderr


def test_it_passes_check_and_a_dry_run(tmp_path: Path) -> None:
    project = Project(tmp_path)
    checked = say(project, "check", str(PORT))
    assert checked.returncode == 0, checked.stdout
    assert "✓ no mistakes found" in checked.stdout
    dry = say(project, "up", str(PORT), "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "dry run: nothing was stored; the run would finish" in dry.stdout + dry.stderr


def test_the_page_says_how_long_they_are() -> None:
    page = (ROOT / "docs" / "review_and_ship.md").read_text()
    assert f"{ported.table()}\n" in page
    assert ported.COMMIT in page
    assert ported.COMMIT in PORT.read_text()


def test_counting_needs_a_clone_that_has_the_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    command = [sys.executable, "-m", "bench.ported", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{tmp_path} is not a clone with review/SKILL.md.tmpl: ")
