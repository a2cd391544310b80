"""The measure: after an edit exactly what changed and what read it runs again, also when killed.

Each test runs the real command, and counts the calls in a ledger outside of Smithers.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.durability.commands import Project, until

FILE = "five_calls.py"


def edit(project: Project, *words: str) -> None:
    """Change the prompts of these calls."""
    file = project.folder / FILE
    text = file.read_text()
    for word in words:
        text = text.replace(f'"{word}": "{word}: ', f'"{word}": "{word}: please ')
    file.write_text(text)


def finished(project: Project) -> None:
    done = project.run("up", FILE, "--run-id", "r1")
    assert (done.returncode, sorted(project.ledger)) == (0, list("abcde"))
    project.ledger_file.unlink()


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("edited", "arguments", "again"),
    [
        ("a", ["--rerun-changed"], "a"),
        ("b", ["--rerun-changed"], "bd"),
        ("e", ["--rerun-changed"], "e"),
        ("ab", ["b", "--rerun-changed"], "bd"),
        ("b", [], ""),
        ("", ["--rerun-changed"], ""),
    ],
)
def test_what_runs_again_after_an_edit(
    project: Project, edited: str, arguments: list[str], again: str
) -> None:
    finished(project)
    edit(project, *edited)
    done = project.run("resume", "r1", *arguments)
    assert (done.returncode, "".join(project.ledger)) == (0, again), done.stderr


def test_killed_when_three_of_four_have_finished_one_runs_again(project: Project) -> None:
    (project.folder / "hold-d").touch()
    process = project.start("up", FILE, "--run-id", "r1")
    until(lambda: project.is_running("d"), "an attempt of d")
    project.kill(process)
    (project.folder / "hold-d").unlink()
    project.ledger_file.unlink()
    assert project.run("resume", "r1").returncode == 0
    assert project.ledger == ["d", "e"]


def test_a_prompt_of_what_was_killed_is_asked_as_it_is_now(project: Project) -> None:
    (project.folder / "hold-d").touch()
    process = project.start("up", FILE, "--run-id", "r1")
    until(lambda: project.is_running("d"), "an attempt of d")
    project.kill(process)
    (project.folder / "hold-d").unlink()
    edit(project, "b", "d")
    done = project.run("resume", "r1")
    assert done.returncode == 0
    assert "reused: a, b, c\nchanged, and reused all the same: b (prompt)\n" in done.stderr
    assert Counter(project.ledger) == Counter("abcdde")


@pytest.mark.sampled(1)
@pytest.mark.parametrize("seed", range(2))
def test_killed_anywhere_it_has_the_work_of_before_or_has_begun_anew(
    project: Project, seed: int
) -> None:
    chance = random.Random(seed)
    finished(project)
    edit(project, "b")
    before = len(project.json("timeline", "r1")["frames"])
    (project.folder / "hold-b").touch()
    for _ in range(3):
        process = project.start("resume", "r1", "--rerun-changed")
        limit = chance.uniform(0.0, 0.6)
        with pytest.raises(AssertionError, match="nothing"):
            until(lambda: False, "nothing", within_s=limit)
        project.kill(process)
        states = {id: task["state"] for id, task in project.tasks().items()}
        frames = len(project.json("timeline", "r1")["frames"])
        if frames == before:
            assert set(states.values()) == {"finished"}
        else:
            assert [states[id] for id in "ace"] == ["finished"] * 3
            assert "finished" not in (states["b"], states["d"])
    (project.folder / "hold-b").unlink()
    done = project.run("resume", "r1", "--rerun-changed")
    assert done.returncode == 0, done.stderr
    ran = Counter(project.ledger)
    assert set(ran) == {"b", "d"}
    assert ran["d"] == 1
    check = project.run("resume", "r1", "--check")
    assert (check.returncode, check.stdout) == (0, "reused: a, b, c, d, e\n")


def test_a_command_that_is_refused_writes_nothing(project: Project) -> None:
    finished(project)
    edit(project, "a")
    before = project.json("timeline", "r1")
    for arguments, said in [
        (["x", "--rerun-changed"], "run r1 has no task 'x'"),
        (["b", "--rerun-changed"], "'b' has not changed since it ran"),
        (["a"], "tasks are named with --rerun-changed alone"),
        (["--check", "--rerun-changed"], "--check and --rerun-changed cannot be combined"),
    ]:
        done = project.run("resume", "r1", *arguments)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    check = project.run("resume", "r1", "--check")
    assert check.returncode == 1
    assert check.stdout.splitlines()[:2] == [
        "reused: a, b, c, d, e",
        "changed, and reused all the same: a (prompt)",
    ]
    assert project.json("timeline", "r1") == before
    assert not project.ledger


def test_a_cancelled_run_is_not_run_again(project: Project) -> None:
    (project.folder / "hold-e").touch()
    process = project.start("up", FILE, "--run-id", "r1")
    until(lambda: project.is_running("e"), "an attempt of e")
    assert project.run("cancel", "r1").returncode == 0
    process.communicate(timeout=60)
    done = project.run("resume", "r1", "--rerun-changed")
    assert (done.returncode, "run r1 was cancelled, which is final" in done.stderr) == (2, True)


def test_it_can_be_detached(project: Project) -> None:
    finished(project)
    edit(project, "b")
    assert project.run("resume", "r1", "--rerun-changed", "--detach").returncode == 0
    until(lambda: project.ledger == ["b", "d"], "b and d")
    until(lambda: {one["state"] for one in project.tasks().values()} == {"finished"}, "the end")
