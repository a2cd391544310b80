"""The promise that all stands on: kill the process, resume, and nothing finished is repeated.

Each test kills the real command with SIGKILL and looks at a ledger outside of Smithers.
"""

from __future__ import annotations

import random
from pathlib import Path
from subprocess import Popen

import pytest

from tests.durability.commands import Project, until


def killed_in_plan(project: Project, file: str) -> None:
    """Start a run, and SIGKILL it while `plan` runs."""
    process = project.start("up", file, "--run-id", "r1")
    until(lambda: project.is_running("plan"), "an attempt of plan")
    project.kill(process)


def test_a_killed_run_goes_on_where_it_was_without_repeating_what_was_finished(
    project: Project,
) -> None:
    (project.folder / "hold-plan").touch()
    killed_in_plan(project, "three_steps.py")
    (project.folder / "hold-plan").unlink()
    done = project.run("up", "three_steps.py", "--run-id", "r1", "--resume")
    assert (done.returncode, project.ledger) == (0, ["research", "plan", "plan", "implement"])
    attempts = {
        id: [one["state"] for one in task["attempts"]] for id, task in project.tasks().items()
    }
    assert attempts == {
        "research": ["succeeded"],
        "plan": ["interrupted", "succeeded"],
        "implement": ["succeeded"],
    }


def test_a_killed_agent_goes_on_in_its_session(project: Project) -> None:
    killed_in_plan(project, "ship_it.py")
    done = project.run("up", "ship_it.py", "--run-id", "r1", "--resume")
    assert done.returncode == 0, done.stderr
    assert [line.split()[:2] for line in project.ledger] == [
        ["ask", "Research"],
        ["ask", "Plan"],
        ["resume", "Plan"],
        ["ask", "Do:"],
    ]
    tasks = project.tasks()
    first, second = tasks["plan"]["attempts"]
    assert (first["state"], second["state"]) == ("interrupted", "succeeded")
    assert first["session_id"] == second["session_id"] is not None
    assert [one["attempt"] for one in tasks["implement"]["attempts"]] == [1]


def test_a_dead_run_is_never_shown_as_running(project: Project) -> None:
    (project.folder / "hold-plan").touch()
    killed_in_plan(project, "three_steps.py")
    (run,) = project.json("ps")["runs"]
    assert run["status"] == "stale"
    assert "smithers resume r1" in project.run("why", "r1").stdout


def test_an_edited_file_resumes_and_what_is_finished_stays_finished(project: Project) -> None:
    (project.folder / "hold-plan").touch()
    killed_in_plan(project, "three_steps.py")
    file = project.folder / "three_steps.py"
    text = file.read_text()
    text = text.replace('return "facts"', 'return "other facts"')
    text = text.replace(
        'Step("plan", plan), last', 'Step("check", research), Step("plan", plan), last'
    )
    file.write_text(text)
    (project.folder / "hold-plan").unlink()
    done = project.run("resume", "r1")
    assert done.returncode == 0, done.stderr
    # The new step runs for the first time; the finished one is not run again.
    assert project.ledger == ["research", "plan", "research", "plan", "implement"]
    tasks = project.tasks()
    assert tasks["research"]["output"] == "facts"
    assert tasks["check"]["output"] == "other facts"
    assert "reused: research" in done.stderr


def test_two_processes_that_resume_one_run_run_it_once(project: Project) -> None:
    (project.folder / "hold-plan").touch()
    killed_in_plan(project, "three_steps.py")
    both = [project.start("resume", "r1") for _ in range(2)]
    until(lambda: any(one.poll() is not None for one in both), "a refusal")
    (project.folder / "hold-plan").unlink()
    ended = [(one.communicate(timeout=60), one.returncode) for one in both]
    codes = sorted(code for _, code in ended)
    refused = next(said for (_, said), code in ended if code == 2)
    winner = next(one for one in both if one.returncode == 0)
    assert codes == [0, 2]
    assert str(winner.pid) in refused
    assert project.ledger == ["research", "plan", "plan", "implement"]


def progressed(project: Project, process: Popen[str], lines: int) -> bool:
    """Wait for so many more lines in the ledger; False if the process ended before."""
    enough = len(project.ledger) + lines
    until(lambda: len(project.ledger) >= enough or process.poll() is not None, "progress")
    if process.poll() is None:
        return True
    process.communicate()
    return False


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(one, marks=pytest.mark.trust) for one in (2, 3))]
)
def test_killed_again_and_again_a_run_loses_at_most_what_was_in_flight(
    project: Project, seed: int
) -> None:
    chance = random.Random(seed)
    arguments = ["up", "wide.py", "--run-id", "r1"]
    kills = 0
    while kills < 6:
        process = project.start(*arguments)
        arguments = ["resume", "r1"]
        if not progressed(project, process, chance.randrange(1, 45)):
            break
        project.kill(process)
        kills += 1
    done = project.run(*arguments)
    assert done.returncode == 0, done.stderr
    assert kills >= 2
    tasks = project.tasks()
    for number in range(60):
        attempts = tasks[f"one {number}"]["attempts"]
        starts = project.ledger.count(f"start {number}")
        assert tasks[f"one {number}"]["state"] == "finished"
        # A step begins once an attempt, and only an interrupted attempt may have begun in vain.
        assert attempts[-1]["state"] == "succeeded"
        assert all(one["state"] == "interrupted" for one in attempts[:-1])
        assert 1 <= starts <= len(attempts)
    assert len([task for task in tasks if task.startswith("round[")]) == 10


def test_a_session_is_durable_before_its_agent_does_anything(project: Project) -> None:
    killed_in_plan(project, "ship_it.py")
    attempt = project.tasks()["plan"]["attempts"][0]
    stream = Path(project.database).with_suffix(".runs") / "r1" / "2.events.jsonl"
    assert attempt["session_id"] in stream.read_text()


def test_a_tree_that_grows_is_killed_again_and_again_and_loses_no_part(project: Project) -> None:
    chance = random.Random(5)
    arguments = ["up", "grown.py", "--run-id", "r1"]
    kills = 0
    while kills < 4:
        process = project.start(*arguments)
        arguments = ["resume", "r1"]
        if not progressed(project, process, chance.randrange(1, 9)):
            break
        project.kill(process)
        kills += 1
    done = project.run(*arguments)
    assert (done.returncode, done.stdout) == (0, "all\n"), done.stderr
    assert kills >= 2
    tasks = project.tasks()
    assert {id: task["state"] for id, task in tasks.items()} == {
        f"one {number}": "finished" for number in range(40)
    }
    started = [int(line.removeprefix("start ")) for line in project.ledger]
    assert started == sorted(started)
    assert len(started) <= 40 + kills
