"""One test a code; 5 comes with budgets. The table is in docs/cli.md."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.cli.command import (
    FLOWS,
    Said,
    ended,
    eventually,
    held_open,
    really,
    smithers,
    started,
    state_of,
)


def up(folder: Path, workflow: str, *more: str) -> Said:
    return really(folder, "up", f"{FLOWS}:{workflow}", "--run-id", "r1", *more)


def test_0_is_a_finished_run_whose_output_is_all_of_stdout(tmp_path: Path) -> None:
    said = up(tmp_path, "works")
    assert (said.code, said.out) == (0, "ABOUT WHALES\n")
    assert "r1 finished (2 finished)" in said.err


@pytest.mark.long
def test_a_finished_run_prints_its_output_again_with_its_own_code(tmp_path: Path) -> None:
    up(tmp_path, "works")
    said = smithers(tmp_path, "resume", "r1")
    assert (said.code, said.out) == (0, "ABOUT WHALES\n")


def test_1_is_a_failed_run_with_what_to_do(tmp_path: Path) -> None:
    said = up(tmp_path, "fails")
    assert (said.code, said.out) == (1, "")
    assert "breaks failed: RuntimeError: the bottle broke" in said.err
    assert f"{FLOWS}:" in said.err
    assert "then: smithers resume r1" in said.err


@pytest.mark.long
def test_a_failed_run_that_is_mended_goes_on_and_repeats_nothing(tmp_path: Path) -> None:
    up(tmp_path, "fails")
    (tmp_path / "mended").touch()
    assert smithers(tmp_path, "resume", "r1").code == 0
    tasks = smithers(tmp_path, "inspect", "r1", "--json").document["tasks"]
    assert [(one["id"], len(one["attempts"])) for one in tasks] == [
        ("before", 1),
        ("breaks", 2),
        ("after", 1),
    ]


def test_2_is_a_command_that_cannot_be_understood(tmp_path: Path) -> None:
    said = really(tmp_path, "upp", "flows.py")
    assert (said.code, said.out) == (2, "")
    assert "Did you mean 'up'?" in said.err


def test_3_is_a_run_that_waits_and_leaves_no_process(tmp_path: Path) -> None:
    said = up(tmp_path, "asks")
    assert said.code == 3
    assert "next: smithers approve r1 ship" in said.err
    run = smithers(tmp_path, "inspect", "r1", "--json").document["run"]
    assert (run["status"], run["owner"]) == ("waiting", None)


@pytest.mark.long
def test_3_is_a_run_whose_retry_is_far_off(tmp_path: Path) -> None:
    said = up(tmp_path, "retries_late", "--json")
    assert said.code == 3
    (wait,) = said.document["waiting_for"]
    assert (wait["task"], wait["kind"]) == ("breaks", "retry")
    assert wait["due"] > wait["since"]


def test_4_is_a_run_that_was_cancelled_while_it_ran(tmp_path: Path) -> None:
    with held_open(tmp_path, "hangs", "hangs") as child:
        asked = smithers(tmp_path, "cancel", "r1", "--json")
        assert (asked.code, asked.document["outcome"]) == (0, "asked")
        assert ended(child).code == 4
    assert state_of(tmp_path, "r1", "hangs") == "cancelled"


def test_a_cancelled_run_cannot_be_resumed(tmp_path: Path) -> None:
    up(tmp_path, "asks")
    cancelled = smithers(tmp_path, "cancel", "r1")
    assert (cancelled.code, cancelled.out) == (0, "r1 is cancelled\n")
    said = smithers(tmp_path, "resume", "r1")
    assert said.code == 2
    assert "was cancelled" in said.err


def test_6_is_a_run_that_finished_with_tolerated_failures(tmp_path: Path) -> None:
    said = up(tmp_path, "tolerates", "--json")
    assert said.code == 6
    assert said.document["status"] == "finished"
    assert said.document["tasks"]["failed"] == 1
    assert smithers(tmp_path, "resume", "r1").code == 6


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_129_130_and_143_are_signals_and_leave_the_run_resumable(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with held_open(tmp_path, "holds_a_program", "held") as child:
        child.send_signal(number)
        said = ended(child)
    assert said.code == code
    assert f"stopped by {number.name}" in said.err
    assert "next: smithers resume r1" in said.err
    (task,) = smithers(tmp_path, "inspect", "r1", "--json").document["tasks"]
    assert [one["state"] for one in task["attempts"]] == ["interrupted"]
    (tmp_path / "go").touch()
    again = smithers(tmp_path, "resume", "r1")
    assert (again.code, again.out) == (0, "went\n")


def test_a_file_that_hangs_while_it_is_imported_can_be_left(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import pathlib, time\npathlib.Path('here').touch()\nwhile True: time.sleep(0.1)\n"
    )
    with started(tmp_path, "up", "slow.py", "--run-id", "r1", "--json") as child:
        eventually((tmp_path / "here").exists)
        child.send_signal(signal.SIGINT)
        said = ended(child)
    assert said.code == 130
    assert said.document["status"] is None
    assert "nothing was written" in said.err


def test_a_supervisor_takes_every_ending_of_a_run_for_one_in_order() -> None:
    from smithers.cli._failures import code_of
    from smithers.engine.supervising import EXPECTED

    codes = {
        code_of(status, partly=partly, over_budget=over_budget)
        for status in ("finished", "failed", "cancelled", "waiting")
        for partly in (False, True)
        for over_budget in (False, True)
    }
    assert codes == {0, 1, 3, 4, 5, 6}
    assert codes <= set(EXPECTED)
