"""A person's decisions: recorded once, with what was shown, and never by an agent."""

from __future__ import annotations

import getpass
import hashlib
from pathlib import Path

import pytest

from tests.cli.command import FLOWS, Said, ended, eventually, known_as, smithers, started, state_of


def up(folder: Path, workflow: str) -> Said:
    return smithers(folder, "up", f"{FLOWS}:{workflow}", "--run-id", "r1")


def test_an_approval_is_recorded_with_who_what_and_the_digest_of_what_was_shown(
    tmp_path: Path,
) -> None:
    up(tmp_path, "asks")
    shown = "Ship a draft?\nIt is 7 long."
    said = smithers(tmp_path, "approve", "r1", "ship", "--by", "ann", "--note", "good", "--json")
    assert said.code == 0
    found = said.document
    assert (found["task"], found["approved"], found["by"]) == ("ship", True, "ann")
    assert found["asked"] == shown
    assert found["digest"] == hashlib.sha256(shown.encode()).hexdigest()
    resumed = smithers(tmp_path, "resume", "r1")
    assert (resumed.code, resumed.out) == (0, "shipped\n")
    ship = smithers(tmp_path, "inspect", "r1", "--json").document["tasks"][1]["output"]
    assert (ship["approved"], ship["by"], ship["note"]) == (True, "ann", "good")


def test_approve_prints_what_was_decided_and_the_command_that_goes_on(tmp_path: Path) -> None:
    up(tmp_path, "asks")
    said = smithers(tmp_path, "approve", "r1", "--by", "ann")
    assert said.code == 0
    login = getpass.getuser()
    assert said.out.startswith(f"ship of r1 approved by ann (login {login})\n  | Ship a draft?\n")
    assert "next: smithers resume r1" in said.err
    assert "was approved by ann" in smithers(tmp_path, "why", "r1").out
    assert "answered, to be resumed" in smithers(tmp_path, "ps").out


def test_approve_with_resume_goes_on_in_this_process(tmp_path: Path) -> None:
    up(tmp_path, "asks")
    said = smithers(tmp_path, "approve", "r1", "--by", "ann", "--resume", "--json")
    assert said.code == 0
    assert (said.document["status"], said.document["output"]) == ("finished", "shipped")
    assert said.document["decided"]["by"] == "ann"


PARTS = """\
from smithers import Approval, Context, Node, NoInput, Subflow, workflow


@workflow
def part(ctx: Context[NoInput]) -> Node:
    return Approval("ok", ask="?")


@workflow
def inner(ctx: Context[NoInput]) -> Node:
    return Subflow("part", part)


@workflow
def whole(ctx: Context[NoInput]) -> Node:
    return Subflow("inner", inner)
"""


def test_a_denial_in_a_child_run_is_final_for_the_runs_above_it(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(PARTS)
    assert smithers(tmp_path, "up", "flow.py:whole", "--run-id", "r1").code == 3
    assert smithers(tmp_path, "deny", "r1.inner.part", "ok", "--note", "no").code == 0
    for _ in range(2):
        said = smithers(tmp_path, "resume", "r1")
        assert said.code == 1
        assert "hint: resuming the run does not change a person's denial" in said.err
        assert "smithers resume" not in said.err
    (reason,) = smithers(tmp_path, "why", "r1", "--json").document["reasons"]
    assert (reason["task"], "command" in reason) == ("inner", False)


def test_a_denial_that_fails_the_run_ends_in_1_and_stays(tmp_path: Path) -> None:
    up(tmp_path, "asks")
    denied = smithers(tmp_path, "deny", "r1", "ship", "--by", "bob", "--note", "not today")
    assert denied.code == 0
    said = smithers(tmp_path, "resume", "r1")
    assert said.code == 1
    assert "denied by bob: not today" in said.err
    assert "next:" not in said.err
    assert smithers(tmp_path, "resume", "r1").code == 1


def test_a_second_decision_is_refused_with_the_first(tmp_path: Path) -> None:
    up(tmp_path, "asks")
    smithers(tmp_path, "approve", "r1", "--by", "ann")
    before = smithers(tmp_path, "deny", "r1", "--by", "bob")
    assert before.code == 2
    assert "was approved by ann (login " in before.err
    smithers(tmp_path, "resume", "r1")
    after = smithers(tmp_path, "deny", "r1", "ship", "--by", "bob")
    assert after.code == 2
    assert "was approved by ann (login " in after.err


def test_the_task_must_be_named_where_several_wait(tmp_path: Path) -> None:
    up(tmp_path, "asks_twice")
    said = smithers(tmp_path, "approve", "r1", "--by", "ann")
    assert said.code == 2
    assert "left, right" in said.err
    assert smithers(tmp_path, "approve", "r1", "right", "--by", "ann").code == 0
    assert smithers(tmp_path, "approve", "r1", "left", "--by", "ann", "--resume").code == 0


def test_a_round_can_be_named_in_either_way(tmp_path: Path) -> None:
    up(tmp_path, "asks_in_rounds")
    wrong = smithers(tmp_path, "approve", "r1", "ready", "--iteration", "3", "--by", "ann")
    assert wrong.code == 2
    first = smithers(tmp_path, "deny", "r1", "ready", "--iteration", "0", "--by", "ann", "--resume")
    assert first.code == 3
    assert smithers(tmp_path, "approve", "r1", "ready[1]", "--by", "ann", "--resume").code == 0


def test_only_those_that_are_named_may_decide(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """By a name that is proved: a login, one of [people], or over HTTP that of a token."""
    up(tmp_path, "asks_ann")
    said = smithers(tmp_path, "approve", "r1", "--by", "ann", env={"LOGNAME": "ann"})
    assert said.code == 2
    login = getpass.getuser()
    assert f"'{login}' may not decide ship, ann may; --by ann does not prove who" in said.err
    assert "nobody can prove that name" in said.err
    kept = {"XDG_STATE_HOME": str(tmp_path_factory.mktemp("state"))}
    smithers(tmp_path, "token", "add", "ann", "--scope", "approve", env=kept)
    said = smithers(tmp_path, "approve", "r1", env=kept)
    assert (said.code, "nobody can prove" in said.err) == (2, False)
    assert smithers(tmp_path, "approve", "r1", env=known_as(tmp_path, "bob")).code == 2
    said = smithers(tmp_path, "approve", "r1", "--json", env=known_as(tmp_path, "ann"))
    assert (said.document["by"], said.document["login"]) == ("ann", "ann")


def test_the_login_decides_where_nobody_is_named(tmp_path: Path) -> None:
    up(tmp_path, "asks")
    said = smithers(tmp_path, "approve", "r1", "--json", env={"LOGNAME": "carol"})
    assert said.document["by"] == getpass.getuser(), "a variable says nothing about who one is"


def test_a_project_says_nothing_about_who_anybody_is(tmp_path: Path) -> None:
    up(tmp_path, "asks")
    (tmp_path / "smithers.toml").write_text('[people]\nroot = "ann"\n')
    said = smithers(tmp_path, "resume", "r1")
    assert "people may only be in your own settings" in said.err


def test_an_agent_may_not_decide(tmp_path: Path) -> None:
    up(tmp_path, "asks")
    said = smithers(tmp_path, "approve", "r1", "--by", "ann", env={"SMITHERS_ATTEMPT": "r1:1"})
    assert said.code == 2
    assert "an agent may not decide" in said.err
    assert state_of(tmp_path, "r1", "ship") == "waiting"


def test_a_run_that_stays_up_takes_a_decision_without_a_resume(tmp_path: Path) -> None:
    flow = tmp_path / "near.py"
    flow.write_text(
        "from smithers import *\n"
        "@workflow\n"
        "def near(ctx):\n"
        "    return Sequence(Approval('ship', ask='Ship?', timeout_s=50))\n"
    )
    with started(tmp_path, "up", "near.py", "--run-id", "r1") as child:
        eventually(lambda: state_of(tmp_path, "r1", "ship") == "waiting")
        said = smithers(tmp_path, "approve", "r1", "--by", "ann")
        assert "the process that drives the run is picking it up" in said.err
        assert ended(child).code == 0


def test_what_was_asked_cannot_move_the_cursor_of_who_decides(tmp_path: Path) -> None:
    up(tmp_path, "escapes")
    for command in (["why", "r1"], ["approve", "r1", "--by", "ann"], ["inspect", "r1"]):
        said = smithers(tmp_path, *command)
        assert "\x1b" not in said.out + said.err
        assert "\x07" not in said.out + said.err
