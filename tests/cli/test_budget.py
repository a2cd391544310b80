"""Runs over their budget: exit code 5, what is told of them, and `budget`, which raises it."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.cli.command import FLOWS, Said, smithers


def up(folder: Path, workflow: str, *more: str) -> Said:
    return smithers(folder, "up", f"{FLOWS}:{workflow}", "--run-id", "r1", *more)


def test_5_is_a_run_that_waits_for_a_larger_budget_and_says_what_to_type(tmp_path: Path) -> None:
    said = up(tmp_path, "capped")
    assert said.code == 5
    assert "the budget of the run is spent: 1 of 1 call" in said.err
    typed = next(line for line in said.err.splitlines() if line.startswith("next: "))
    assert typed == "next: smithers budget r1 --add-calls 1 --resume"
    again = smithers(tmp_path, *shlex.split(typed)[2:])
    assert (again.code, again.out) == (0, "two\n")


def test_what_a_budget_holds_is_told_by_up_ps_and_why(tmp_path: Path) -> None:
    found = up(tmp_path, "capped", "--json").document
    (wait,) = found["waiting_for"]
    assert (found["status"], wait["kind"], wait["task"]) == ("waiting", "budget", None)
    assert wait["asked"] == "the budget of the run is spent: 1 of 1 call"
    assert "the run (budget)" in smithers(tmp_path, "ps").out
    (reason,) = smithers(tmp_path, "why", "r1", "--json").document["reasons"]
    assert reason["command"] == "smithers budget r1 --add-calls 1 --resume"
    assert "no agent starts until a person raises it" in reason["sentence"]
    assert "◷ the run waiting (budget)" in smithers(tmp_path, "inspect", "r1").out


def test_5_is_a_run_that_failed_by_its_budget_and_it_can_go_on(tmp_path: Path) -> None:
    said = up(tmp_path, "capped_to_fail", "--json")
    assert (said.code, said.document["status"]) == (5, "failed")
    assert said.document["error"]["kind"] == "BudgetExhausted"
    (reason,) = smithers(tmp_path, "why", "r1", "--json").document["reasons"]
    assert reason["command"] == "smithers budget r1 sequence/sequence1 --add-tokens 4 --resume"
    again = smithers(tmp_path, *shlex.split(reason["command"])[1:], "--json")
    assert (again.code, again.document["status"]) == (0, "finished")
    assert again.document["raised"]["added"] == {"tokens": 4}


def test_6_is_a_run_that_finished_without_what_its_budget_did_not_pay_for(tmp_path: Path) -> None:
    said = up(tmp_path, "capped_to_finish")
    assert (said.code, said.out) == (6, "word 0, nothing, nothing\n")
    skipped = "t1 was skipped: the budget of the run is spent: 1 of 1 call"
    assert f"  {skipped}" in said.err.splitlines()
    again = smithers(tmp_path, "resume", "r1", "--json")
    assert (again.code, again.document["status"]) == (6, "finished")
    assert again.document["unpaid"] == ["t1", "t2"]
    assert again.document["tasks"]["skipped"] == 2
    why = smithers(tmp_path, "why", "r1", "--json").document
    assert why["sentence"].endswith(", without 2 tasks that its budget did not pay for")
    assert [one["kind"] for one in why["reasons"]] == ["unpaid", "unpaid"]
    assert why["reasons"][0]["sentence"] == skipped
    assert "BudgetExhausted: the budget of the run" in smithers(tmp_path, "inspect", "r1").out


def test_a_raise_is_recorded_and_taken_with_the_next_resume(tmp_path: Path) -> None:
    up(tmp_path, "capped")
    said = smithers(
        tmp_path, "budget", "r1", "--add-calls", "2", "--add-usd", "0.10", "--by", "ann"
    )
    assert said.code == 0
    assert said.out == "the budget of the run of r1 was raised by $0.10, 2 calls (by ann)\n"
    assert said.err == "next: smithers resume r1\n"
    (reason,) = smithers(tmp_path, "why", "r1", "--json").document["reasons"]
    assert "was raised by ann; the run continues when it is resumed" in reason["sentence"]
    assert reason["command"] == "smithers resume r1"
    assert smithers(tmp_path, "resume", "r1").code == 0
    told = smithers(tmp_path, "timeline", "r1").out
    assert "ann raised the budget of the run by $0.10, 2 calls" in told


def test_cost_tells_what_is_left_of_each_budget(tmp_path: Path) -> None:
    up(tmp_path, "capped")
    smithers(tmp_path, "budget", "r1", "--add-calls", "3", "--resume")
    found = smithers(tmp_path, "cost", "r1", "--json").document
    assert found["budgets"] == [
        {
            "task": None,
            "iteration": [],
            "on_exhausted": "wait",
            "measures": [
                {"measure": "usd", "cap": 1.5, "raised_by": 0, "used": 0.0, "left": 1.5},
                {"measure": "calls", "cap": 4, "raised_by": 3, "used": 2, "left": 2},
            ],
        }
    ]
    shown = smithers(tmp_path, "cost", "r1").out.splitlines()
    assert shown[-1].split() == ["the", "run", "calls", "2", "4", "3", "2"]


def test_a_node_in_a_loop_is_raised_in_its_round(tmp_path: Path) -> None:
    assert up(tmp_path, "capped_in_rounds").code == 5
    said = smithers(tmp_path, "budget", "r1", "t[1]", "--add-calls", "1")
    assert (said.code, "no budget with that name" in said.err) == (2, True)
    assert smithers(tmp_path, "budget", "r1", "t", "--add-calls", "2", "--resume").code == 0
    (budget,) = smithers(tmp_path, "cost", "r1", "--json").document["budgets"]
    assert (budget["task"], budget["iteration"]) == ("t", [0])


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no amount was given"),
        (["--add-tokens", "5"], "does not cap tokens"),
        (["--add-time", "5"], "does not cap time"),
        (["nowhere", "--add-calls", "5"], "no budget with that name"),
        (["--add-usd", "much"], "is not an amount of dollars"),
        (["--add-usd", "-1"], "is not an amount of dollars"),
        (["--add-calls", "0"], "--add-calls"),
    ],
)
def test_a_raise_that_means_nothing_is_refused(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    up(tmp_path, "capped")
    said = smithers(tmp_path, "budget", "r1", *arguments)
    assert said.code == 2
    assert words in said.err


def test_a_run_without_a_budget_and_one_that_has_ended_are_refused(tmp_path: Path) -> None:
    up(tmp_path, "asks")
    assert "has no budget" in smithers(tmp_path, "budget", "r1", "--add-calls", "1").err
    smithers(tmp_path, "cancel", "r1")
    assert "has ended" in smithers(tmp_path, "budget", "r1", "--add-calls", "1").err


def test_an_agent_may_not_raise_its_own_budget(tmp_path: Path) -> None:
    up(tmp_path, "capped")
    said = smithers(
        tmp_path, "budget", "r1", "--add-calls", "9", env={"SMITHERS_ATTEMPT": "o:r1:1"}
    )
    assert said.code == 2
    assert "an agent may not decide for run r1" in said.err


_CAUGHT = """
from smithers import Budget, CallFailed, NoInput, Run, workflow
from tests.rules.agents import Scripted


@workflow(budget=Budget(calls=1, on_exhausted="fail"))
async def caught(run: Run[NoInput]) -> str:
    await run.task("first", agent=Scripted(), prompt="p")
    try:
        return await run.task("second", agent=Scripted(), prompt="p")
    except CallFailed as failed:
        return failed.state


@workflow(budget=Budget(calls=1, on_exhausted="finish"))
async def skipped(run: Run[NoInput]) -> str:
    await run.task("first", agent=Scripted(), prompt="p")
    return await run.task("second", agent=Scripted(), prompt="p")
"""


def test_a_failure_by_a_budget_that_a_flow_caught_does_not_say_to_raise_it(tmp_path: Path) -> None:
    (tmp_path / "flows.py").write_text(_CAUGHT)
    said = smithers(tmp_path, "up", "flows.py:caught", "--run-id", "r1")
    assert (said.code, said.out) == (6, "failed\n")
    assert "raise it" not in said.err
    assert "raise it" not in smithers(tmp_path, "why", "r1").out


def test_a_flow_that_failed_by_a_skipped_call_is_not_told_to_raise_the_budget(
    tmp_path: Path,
) -> None:
    (tmp_path / "flows.py").write_text(_CAUGHT)
    said = smithers(tmp_path, "up", "flows.py:skipped", "--run-id", "r1")
    assert "second was skipped: the budget of the run is spent: 1 of 1 call\n" in said.err
    assert "hint: catch CallFailed where the flow awaits it" in said.err
    assert "smithers budget" not in said.err
