"""A child run that has continued when its owner is killed, in real processes."""

from __future__ import annotations

import pytest

from tests.durability.commands import Project, until


@pytest.fixture
def killed(project: Project) -> Project:
    """Its child run was in its third round."""
    (project.folder / "hold-3").touch()
    owner = project.start("up", "rounds.py:whole", "--run-id", "r1")
    until(lambda: "round 3" in project.ledger, "the third round")
    project.kill(owner)
    (project.folder / "hold-3").unlink()
    return project


def statuses(project: Project) -> dict[str, str]:
    return {one["run_id"]: one["status"] for one in project.json("ps", "--all")["runs"]}


CONTINUED = {"r1.part": "continued", "r1.part-2": "continued"}


def test_it_goes_on_in_the_round_in_which_it_was(killed: Project) -> None:
    assert killed.run("resume", "r1").returncode == 0
    assert killed.ledger == [*(f"round {n}" for n in (1, 2, 3, 3, 4)), "last"]


def test_it_is_cancelled_with_its_run_and_nothing_starts_it_again(killed: Project) -> None:
    assert killed.run("cancel", "r1").returncode == 0
    after = {"r1": "cancelled", **CONTINUED, "r1.part-3": "cancelled"}
    assert statuses(killed) == after
    assert killed.run("supervise", "--once").returncode == 0
    assert statuses(killed) == after
    assert killed.ledger == ["round 1", "round 2", "round 3"]


def test_it_ends_if_its_node_was_renamed_and_nothing_starts_it_again(killed: Project) -> None:
    file = killed.folder / "rounds.py"
    file.write_text(file.read_text().replace('"part"', '"other"').replace("number < 4", "None"))
    done = killed.run("resume", "r1")
    assert done.returncode == 0, done.stderr
    assert "child run r1.part-3 is ended, since part left the tree" in done.stderr
    after = {"r1": "finished", **CONTINUED, "r1.part-3": "failed", "r1.other": "finished"}
    assert statuses(killed) == after
    assert killed.run("supervise", "--once").returncode == 0
    assert statuses(killed) == after
    assert killed.ledger == ["round 1", "round 2", "round 3", "round 1", "last"]
