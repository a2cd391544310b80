"""`steer`: what a person says to an agent at work, and what is told of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import ended, eventually, held_open, smithers, state_of


def test_an_agent_at_work_is_told_and_the_run_ends_with_what_it_made_of_it(tmp_path: Path) -> None:
    with held_open(tmp_path, "listens", "plan") as up:
        said = smithers(tmp_path, "steer", "r1", "plan", "Be brief", "--by", "ann")
        assert (said.code, said.out) == (
            0,
            "plan of r1 received the message (attempt 1, listens)\n",
        )
        done = ended(up)
    assert done.out == "Be brief\n"
    assert "ann sent plan message 1: Be brief" in done.err
    assert "plan attempt 1 received message 1" in done.err
    timeline = smithers(tmp_path, "events", "r1").out
    assert "ann sent plan message 1: Be brief" in timeline
    assert "plan attempt 1 received message 1" in timeline
    assert "received a message: Be brief" in smithers(tmp_path, "logs", "r1").out
    rows = "SELECT task, text, said_by, serial FROM messages"
    assert "Be brief" in smithers(tmp_path, "sql", rows).out


def test_a_message_may_come_from_stdin_and_its_fate_as_json(tmp_path: Path) -> None:
    with held_open(tmp_path, "listens", "plan"):
        found = smithers(tmp_path, "steer", "r1", "plan", "Be brief", "--json").document
        assert found["state"] == "told"
        assert (found["task"], found["iteration"], found["attempt"]) == ("plan", [], 1)


def test_a_run_that_nobody_drives_keeps_it_for_the_next_attempt(tmp_path: Path) -> None:
    with held_open(tmp_path, "listens", "plan") as up:
        up.kill()
        up.wait()
    said = smithers(tmp_path, "steer", "r1", "plan", "Be brief")
    assert said.code == 0
    assert (
        said.out == "stored: the agent of plan of r1 receives the message when the run is resumed\n"
        "next: smithers resume r1\n"
    )
    found = smithers(tmp_path, "steer", "r1", "plan", "Really", "--json").document
    assert (found["state"], found["attempt"]) == ("kept", None)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["plan", " "], "the message is empty"),
        (["plan", "x" * 20_001], "the limit is 20000"),
        (["before", "Be brief"], "before of run r1 has ended: it is finished"),
        (["nothing", "Be brief"], "nothing of run r1 is not a task of this run"),
    ],
)
def test_what_nobody_could_be_told_is_refused_with_who_is_at_work(
    arguments: list[str], says: str, tmp_path: Path
) -> None:
    with held_open(tmp_path, "listens", "plan"):
        said = smithers(tmp_path, "steer", "r1", *arguments)
        assert said.code == 2
        assert says in said.err
        if "run r1" in says:
            assert "running tasks: plan" in said.err
        smithers(tmp_path, "steer", "r1", "plan", "Go on")
        eventually(lambda: state_of(tmp_path, "r1", "plan") == "finished")
    said = smithers(tmp_path, "steer", "r1", "plan", "Be brief")
    assert (said.code, "has ended: it is finished" in said.err) == (2, True)
