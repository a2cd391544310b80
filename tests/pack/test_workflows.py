"""The workflows of the pack run to their end, in real repositories, on scripted agents."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pack.project import Project

pytestmark = pytest.mark.timeout(180)

MAKEFILE = "test:\n\t@grep -q 'a + b' calc.py || { echo 'add is wrong'; exit 1; }\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    wrong = "def add(a, b):\n    return a - b\n"
    return Project(tmp_path / "project", {"Makefile": MAKEFILE, "calc.py": wrong})


def test_failing_tests_are_fixed_in_the_working_tree(project: Project) -> None:
    said = project.up("fix_until_green")
    assert (said.code, said.document["output"]["exit_code"]) == (0, 0), said.err
    assert "a + b" in project.read("calc.py")
    assert project.git("status", "--porcelain") == "M calc.py", "nothing is committed"


def test_a_goal_is_implemented_fixed_reviewed_and_merged_once_a_person_approves(
    project: Project,
) -> None:
    said = project.up("implement_with_review", goal="Add numbers.")
    assert said.code == 3, said.err
    assert project.git("branch", "--show-current") == "smithers/r1"
    assert project.git("log", "--format=%s", "main") == "begin"
    (asked,) = project.smithers("asks", "--json").document["asks"]
    assert "Merge smithers/r1 into main?\n\nAdd numbers." in asked["asked"]
    assert "calc.py" in asked["asked"]
    said = project.smithers("approve", "r1", "merge", "--resume")
    assert said.code == 0, said.err
    assert project.git("branch", "--show-current") == "main"
    assert project.git("log", "--format=%s", "--first-parent") == (
        "Merge branch 'smithers/r1'\nbegin"
    )
    assert project.read("calc.py") == '"""Sums."""\n\ndef add(a, b):\n    return a + b\n'
    assert project.git("status", "--porcelain") == ""


@pytest.mark.long
def test_a_denial_sends_the_work_back_with_the_note(project: Project) -> None:
    assert project.up("implement_with_review", goal="Add numbers.").code == 3
    said = project.smithers("deny", "r1", "merge", "--note", "docstring, please", "--resume")
    assert said.code == 3, said.err
    assert project.git("log", "--format=%s", "main") == "begin"
    assert project.smithers("approve", "r1", "merge", "--resume").code == 0
    assert project.read("calc.py").count("Sums.") == 2


@pytest.mark.long
def test_a_branch_is_not_begun_on_changes_that_are_not_committed(project: Project) -> None:
    (project.folder / "mine.txt").write_text("mine\n")
    said = project.up("implement_with_review", goal="Add numbers.")
    assert said.code == 1
    assert "has changes that are not committed" in said.out
    (project.folder / "mine.txt").unlink()
    assert project.smithers("resume", "r1").code == 3


@pytest.mark.long
def test_many_files_are_changed_and_reviewed_and_those_that_fail_are_named(
    tmp_path: Path,
) -> None:
    texts = {f"src/{name}.txt": "old\n" for name in ("one", "two", "a b")}
    project = Project(
        tmp_path / "project", {**texts, "src/odd.txt": "else\n", "other.txt": "old\n"}
    )
    said = project.up("migrate_files", goal="Say new.", files="src/*.txt", test="true")
    assert said.code == 3, said.err
    (asked,) = project.smithers("asks", "--json").document["asks"]
    assert "left as it was: src/odd.txt (ValueError: It must say new.)" in asked["asked"]
    assert project.smithers("approve", "r1", "merge", "--resume").code == 6
    assert {name: project.read(name) for name in texts} == dict.fromkeys(texts, "new\nend\n")
    assert project.read("src/odd.txt") == "else\n", "what was not approved is taken back"
    assert project.read("other.txt") == "old\n"
    assert project.git("branch", "--show-current") == "main"


def test_an_audit_reports_what_is_not_refuted_and_changes_nothing(project: Project) -> None:
    said = project.up("audit_repository")
    assert said.code == 0, said.err
    assert said.document["output"].startswith("# 1 problems in .\n\n- **divides by zero**")
    assert project.git("status", "--porcelain") == ""


def test_a_report_that_cites_what_is_not_there_is_sent_back(project: Project) -> None:
    said = project.up("research", question="Who did it, and when?")
    assert said.code == 0, said.err
    assert said.document["output"] == (
        "Ann did it [1], in May [2].\n\nSources:\n[1] calc.py:1\n[2] https://example.com/may"
    )


def test_a_person_is_asked_for_the_tests_that_no_file_names(tmp_path: Path) -> None:
    project = Project(tmp_path / "project", {"calc.py": "return a - b\n"})
    assert project.up("fix_until_green").code == 3
    (asked,) = project.smithers("asks", "--json").document["asks"]
    assert asked["task"] == "test-command"
    said = project.smithers(
        "answer", "r1", "test-command", "--text", "grep -q 'a + b' calc.py", "--resume"
    )
    assert said.code == 0, said.err
    assert "a + b" in project.read("calc.py")
