"""What a run is waiting for is said of the child run that holds it, with a command that helps."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Said, smithers

FLOWS = Path(__file__).with_name("child_flows.py")


def why(folder: Path, run_id: str = "r1") -> dict[str, Any]:
    (found,) = smithers(folder, "why", run_id, "--json").document["reasons"]
    return dict(found)


def type_it(folder: Path, command: str, *more: str) -> Said:
    program, *words = shlex.split(command)
    assert program == "smithers"
    return smithers(folder, *words, *more)


def test_a_child_that_has_continued_and_waits_for_a_person_is_named(tmp_path: Path) -> None:
    assert smithers(tmp_path, "up", f"{FLOWS}:parent", "--run-id", "r1").code == 3
    for number, child in enumerate(["r1.k", "r1.k-2", "r1.k-3"], start=1):
        found = why(tmp_path)
        assert f"k is waiting for its child run {child}: q has been" in found["sentence"]
        assert f'"go on with {number}?"' in found["sentence"]
        assert found["command"].startswith(f"smithers approve {child} q ")
        left = type_it(tmp_path, found["command"], "--resume")
        assert left.code == (0 if child == "r1.k-3" else 3), left.err


def test_a_denial_in_a_child_run_is_asked_again_by_a_retry_of_its_task(tmp_path: Path) -> None:
    assert smithers(tmp_path, "up", f"{FLOWS}:parent", "--run-id", "r1").code == 3
    assert smithers(tmp_path, "approve", "r1.k", "--resume").code == 3
    denied = smithers(tmp_path, "deny", "r1.k-2")
    (command,) = [line for line in denied.err.splitlines() if line.startswith("next: ")]
    failed = type_it(tmp_path, command.removeprefix("next: "))
    assert failed.code == 1
    assert "r1.k-2 is a child run: resuming r1" in failed.err
    assert (
        "`smithers retry RUN TASK`, for a child run with RUN and TASK of its parent" in failed.err
    )
    refused = smithers(tmp_path, "retry", "r1.k-2", "q")
    assert refused.code == 2
    asked = type_it(tmp_path, refused.err.split("hint: `")[1].split("`")[0])
    assert asked.code == 3, asked.err
    assert why(tmp_path)["command"].startswith("smithers approve r1.k-2 q ")
    again = smithers(tmp_path, "approve", "r1.k-2", "--resume")
    assert (again.code, "its child run r1.k-3" in again.err) == (3, True)


def test_a_budget_two_runs_above_is_raised_with_the_command_that_is_shown(tmp_path: Path) -> None:
    left = smithers(tmp_path, "up", f"{FLOWS}:capped", "--run-id", "r1")
    assert left.code == 5
    assert "next: smithers budget r1 --add-calls 2 --resume" in left.err
    found = why(tmp_path)
    assert found["sentence"].count("(of run") == 1
    assert "of run r1)" in found["sentence"]
    assert found["command"] == "smithers budget r1 --add-calls 2 --resume"
    assert type_it(tmp_path, "smithers budget r1 --add-calls 5 --resume").code == 0


@pytest.mark.long
def test_a_child_run_that_is_driven_alone_keeps_to_the_budgets_around_its_node(
    tmp_path: Path,
) -> None:
    smithers(tmp_path, "up", f"{FLOWS}:around", "--run-id", "r1")
    assert smithers(tmp_path, "approve", "r1.k", "ok").code == 0
    alone = smithers(tmp_path, "up", f"{FLOWS}:after_yes", "--resume", "--run-id", "r1.k")
    assert alone.code == 5, alone.err
    assert "the budget of the run is spent: 2 of 2 calls (of run r1)" in alone.err
    assert why(tmp_path)["command"] == "smithers resume r1"
    assert smithers(tmp_path, "resume", "r1").code == 5
    found = why(tmp_path)["command"]
    assert found == "smithers budget r1 --add-calls 2 --resume"
    assert type_it(tmp_path, found).code == 0
