"""A step with an effect whose process dies in the middle: a person decides what follows."""

from __future__ import annotations

import json
import signal
from subprocess import Popen

import pytest

from tests.durability.commands import Project, until
from tests.durability.test_supervise import status, supervising, waits_for_a_person


def paying(project: Project) -> Popen[str]:
    (project.folder / "hold-pay").touch()
    process = project.start("up", "pays.py", "--run-id", "r1")
    until(lambda: "pay" in project.ledger, "the payment")
    return process


def killed_in_the_middle(project: Project) -> None:
    project.kill(paying(project))
    (project.folder / "hold-pay").unlink()


def test_a_resume_asks_with_what_happened_and_what_to_type(project: Project) -> None:
    killed_in_the_middle(project)
    asked = project.run("resume", "r1")
    assert (asked.returncode, project.ledger) == (3, ["pay"])
    assert "pay may have had its effect, and waits for a person's decision" in asked.stderr
    assert "Run pay again?" in asked.stderr
    assert "smithers approve r1 pay --digest" in asked.stderr
    (question,) = project.json("asks")["asks"]
    assert (question["kind"], question["task"]) == ("repeat", "pay")
    assert "If you deny, it fails" in question["asked"]
    assert question["commands"].keys() == {"approve", "deny"}
    assert "waiting for a person's decision since" in project.run("why", "r1").stdout
    done = project.run("approve", "r1", "pay", "--resume")
    assert (done.returncode, project.ledger) == (0, ["pay", "pay", "ship"]), done.stderr
    attempts = [one["state"] for one in project.tasks()["pay"]["attempts"]]
    assert attempts == ["interrupted", "succeeded"]


def test_a_denial_is_the_end_of_it(project: Project) -> None:
    killed_in_the_middle(project)
    assert project.run("resume", "r1").returncode == 3
    denied = project.run("deny", "r1", "pay", "--note", "it was paid", "--resume")
    assert denied.returncode == 1
    assert "it was paid" in denied.stderr
    again = project.run("resume", "r1", "--json")
    assert json.loads(again.stdout)["error"]["kind"] == "Denied"
    assert project.ledger == ["pay"]


@pytest.mark.long
def test_the_supervisor_asks_and_wakes_the_run_when_it_was_answered(project: Project) -> None:
    killed_in_the_middle(project)
    with supervising(project):
        until(lambda: waits_for_a_person(project), "the question")
        assert project.ledger == ["pay"]
        assert project.run("approve", "r1", "pay").returncode == 0
        until(lambda: status(project) == "finished", "the end of the run")
    assert project.ledger == ["pay", "pay", "ship"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=str)
def test_a_stop_in_the_middle_is_asked_about_as_well(project: Project, number: int) -> None:
    process = paying(project)
    process.send_signal(number)
    process.communicate(timeout=60)
    (project.folder / "hold-pay").unlink()
    assert project.run("resume", "r1").returncode == 3
    assert project.ledger == ["pay"]
