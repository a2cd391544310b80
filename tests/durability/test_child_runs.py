"""Child runs in a fan-out in a loop, in real processes: killed, cancelled, held, retried, edited,
and resumed by two processes at once.
"""

from __future__ import annotations

import subprocess
from collections import Counter

import pytest

from tests.durability.commands import Project, until

NAMES = ("a0", "b0", "a1", "b1")
CHILDREN = ("r1.a.0", "r1.b.0", "r1.a.1", "r1.b.1")


def statuses(project: Project) -> dict[str, str]:
    return {one["run_id"]: one["status"] for one in project.json("ps", "--all")["runs"]}


def all_finished() -> dict[str, str]:
    return dict.fromkeys(("r1", *CHILDREN), "finished")


def once_each(project: Project, *again: str) -> None:
    """Each step has noted itself once, those in `again` twice."""
    lines = [f"{name} {step}" for name in NAMES for step in ("first", "held", "last")]
    assert Counter(project.ledger) == Counter([*lines, *again])


def hold(project: Project, *names: str) -> None:
    for name in names:
        (project.folder / f"hold-{name}").touch()


def release(project: Project, *names: str) -> None:
    for name in names:
        (project.folder / f"hold-{name}").unlink()


def start_held(project: Project, *names: str) -> subprocess.Popen[str]:
    """A run that has come to steps which wait."""
    hold(project, *names)
    owner = project.start("up", "children.py:whole", "--run-id", "r1")
    until(lambda: {f"{name} held" for name in names} <= set(project.ledger), "the held steps")
    return owner


def calls(project: Project) -> int:
    rows = "SELECT count(*) AS n FROM attempts WHERE prompt IS NOT NULL"
    return int(project.run("sql", rows).stdout.split()[-1])


@pytest.mark.sampled(1)
@pytest.mark.parametrize("names", [("a0", "b0"), ("a1", "b1")])
def test_a_killed_run_resumes_its_children_and_finished_steps_do_not_run_again(
    project: Project, names: tuple[str, ...]
) -> None:
    project.kill(start_held(project, *names))
    release(project, *names)
    done = project.run("resume", "r1")
    assert done.returncode == 0, done.stderr
    assert statuses(project) == all_finished()
    once_each(project, *(f"{name} held" for name in names))
    assert calls(project) == 4


def test_a_cancelled_run_leaves_no_child_run_and_no_process(project: Project) -> None:
    owner = start_held(project, "a1", "b1")
    assert project.run("cancel", "r1").returncode == 0
    owner.communicate(timeout=30)
    assert statuses(project) == {
        **all_finished(),
        **dict.fromkeys(("r1", "r1.a.1", "r1.b.1"), "cancelled"),
    }
    assert not [line for line in project.ledger if line in ("a1 last", "b1 last")]


def test_a_killed_run_is_cancelled_with_its_children_by_another_process(project: Project) -> None:
    project.kill(start_held(project, "a0", "b0"))
    assert project.run("cancel", "r1").returncode == 0
    assert set(statuses(project).values()) == {"cancelled"}


def test_a_budget_of_the_run_holds_its_children_in_each_iteration(project: Project) -> None:
    assert project.run("up", "children.py:capped", "--run-id", "r1").returncode == 5
    assert calls(project) == 3
    assert sorted(statuses(project).values()).count("waiting") == 2
    done = project.run("budget", "r1", "--add-calls", "2", "--resume")
    assert done.returncode == 0, done.stderr
    assert statuses(project) == all_finished()
    once_each(project)
    assert calls(project) == 4


def test_a_child_that_fails_is_retried_alone_when_its_run_is_resumed(project: Project) -> None:
    (project.folder / "broken-b1").touch()
    assert project.run("up", "children.py:whole", "--run-id", "r1").returncode == 1
    assert statuses(project) == {**all_finished(), "r1": "failed", "r1.b.1": "failed"}
    (project.folder / "broken-b1").unlink()
    assert project.run("resume", "r1").returncode == 0
    assert statuses(project) == all_finished()
    once_each(project, "b1 held")


def test_an_edited_file_of_a_child_counts_for_what_has_not_run(project: Project) -> None:
    project.kill(start_held(project, "a1"))
    release(project, "a1")
    file = project.folder / "part.py"
    file.write_text(file.read_text().replace('note(f"{name} last")', 'note(f"{name} edited")'))
    done = project.run("resume", "r1")
    assert done.returncode == 0, done.stderr
    assert "r1.a.1: its code has changed since it was last driven" in done.stderr
    assert "a1 edited" in project.ledger
    assert "a1 last" not in project.ledger
    assert project.ledger.count("a0 last") == 1


def test_run_and_child_resumed_at_once_by_two_processes_run_nothing_twice(
    project: Project,
) -> None:
    project.kill(start_held(project, "a1", "b1"))
    before = project.ledger.count("b1 held")
    owners = [
        project.start("resume", "r1"),
        project.start("up", "part.py", "--resume", "--run-id", "r1.a.1"),
    ]
    until(lambda: project.ledger.count("b1 held") > before, "the child of the run")
    release(project, "a1", "b1")
    ended = [owner.communicate(timeout=60) for owner in owners]
    codes = [owner.returncode for owner in owners]
    assert codes[0] == 0, ended
    assert codes[1] in (0, 2), ended  # it has driven the child, or the run was faster
    assert statuses(project) == all_finished()
    once_each(project, "a1 held", "b1 held")
