"""Agents and programs start runs in the database of their own run, as far as it allows that."""

from __future__ import annotations

import json
import shlex
import sys
from typing import Any

import pytest

from tests.durability.commands import Project, until

REFUSED = "an agent may not start a run"


@pytest.fixture(autouse=True)
def import_path(project: Project) -> None:
    project.environment["PYTHONPATH"] = str(project.folder)


def smithers(project: Project, *arguments: str) -> str:
    """A command for a script. What it prints is added to the file `said`, its exit code to
    `codes`.
    """
    words = [sys.executable, "-m", "smithers", *arguments, "--db", str(project.database)]
    said, codes = project.folder / "said", project.folder / "codes"
    return f"{shlex.join(words)} >>{said} 2>&1; echo $? >>{codes}"


def up(project: Project, name: str, run_id: str, *more: str) -> str:
    file = f"{project.folder / 'below.py'}:{name}"
    return smithers(project, "up", file, "--run-id", run_id, *more)


def given(script: str) -> tuple[str, str]:
    return "--input", json.dumps({"script": script})


def run(project: Project, name: str, script: str, run_id: str = "r1") -> Any:
    return project.run("up", f"below.py:{name}", "--run-id", run_id, *given(script))


def codes(project: Project) -> list[str]:
    return (project.folder / "codes").read_text().split()


def said(project: Project) -> str:
    return (project.folder / "said").read_text()


def status(project: Project, run_id: str) -> str:
    found: str = project.json("inspect", run_id)["run"]["status"]
    return found


def parent(project: Project, run_id: str) -> dict[str, Any]:
    found: dict[str, Any] = project.json("inspect", run_id)["run"]["parent"]
    return found


@pytest.mark.sampled(1)
@pytest.mark.parametrize("name", ["single", "program", "step"])
def test_what_a_run_has_started_starts_a_child_run(project: Project, name: str) -> None:
    done = run(project, name, up(project, "leaf", "c1"))
    assert done.returncode == 0, done.stderr
    assert codes(project) == ["0"], said(project)
    above: dict[str, Any] = {"run_id": "r1", "task": "work", "iteration": []}
    assert parent(project, "c1") == above
    lines = {one["run_id"]: one for one in project.json("ps", "--all")["runs"]}
    assert lines["c1"]["parent"] == above
    started = {"run_id": "c1", "workflow": "leaf", "status": "finished"}
    assert project.json("inspect", "r1")["run"]["started"] == [
        {**started, "task": "work", "iteration": []}
    ]
    assert "started  c1  leaf  finished, by work" in project.run("inspect", "r1").stdout
    assert project.ledger == ["leaf"]


def test_a_step_starts_a_child_run_in_its_own_process(project: Project) -> None:
    done = project.run("up", "below.py:inside", "--run-id", "r1")
    assert done.stdout == "finished\n", done.stderr
    assert parent(project, "c1")["run_id"] == "r1"


@pytest.mark.long
def test_a_run_of_a_workflow_that_allows_none_is_refused_with_what_to_write(
    project: Project,
) -> None:
    run(project, "strict", up(project, "leaf", "c1"))
    assert codes(project) == ["2"]
    assert REFUSED in said(project)
    assert "whose workflow has no allow_runs=" in said(project)
    assert project.ledger == []


@pytest.mark.long
def test_what_a_refused_start_says_helps(project: Project) -> None:
    script = f"{up(project, 'leaf', 'c1')}; test $(tail -n 1 {project.folder / 'codes'}) = 0"
    assert run(project, "refusing", script).returncode == 1
    assert "set allow_runs= of workflow refusing in" in said(project)
    assert "and resume run r1" in said(project)
    file = project.folder / "below.py"
    before = "@workflow(input=Script)\ndef refusing"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, before.replace("Script", "Script, allow_runs=1")))
    assert project.run("resume", "r1").returncode == 0
    assert codes(project) == ["2", "0"]


def test_more_runs_than_allowed_are_refused_and_leave_nothing(project: Project) -> None:
    script = "; ".join(up(project, "leaf", id) for id in ("c1", "c2"))
    run(project, "single", script)
    assert codes(project) == ["0", "2"]
    assert "run r1 allows 1 run below it, and 1 was started" in said(project)
    assert {one["run_id"] for one in project.json("ps", "--all")["runs"]} == {"r1", "c1"}


def test_two_starts_at_once_share_the_last_place(project: Project) -> None:
    both = " & ".join(f"({up(project, 'leaf', id)})" for id in ("c1", "c2"))
    run(project, "single", f"{both} & wait")
    assert sorted(codes(project)) == ["0", "2"]
    assert project.ledger == ["leaf"]


@pytest.mark.long
def test_runs_below_runs_count_for_the_depth_and_the_number(project: Project) -> None:
    """`deep` allows 3 runs, 2 levels below it: the third one down is refused."""
    third = up(project, "deep", "c3", *given("true"))
    second = up(project, "deep", "c2", *given(third))
    first = up(project, "deep", "c1", *given(second))
    run(project, "deep", first)
    assert sorted(codes(project)) == ["0", "0", "2"], said(project)
    assert "run r1 allows runs 2 levels below it, and this one would be at level 3" in said(project)
    assert parent(project, "c2")["run_id"] == "c1"


@pytest.mark.long
def test_a_child_run_below_one_that_allows_starts_has_that_as_its_parent(project: Project) -> None:
    done = project.run("up", "below.py:nested", "--run-id", "r1", *given(up(project, "leaf", "c1")))
    assert done.returncode == 0, done.stderr
    assert parent(project, "c1")["run_id"] == "r1.one"


@pytest.mark.long
def test_everything_else_stays_refused_below_such_a_run(project: Project) -> None:
    assert project.run("up", "below.py:asking", "--run-id", "other").returncode == 3
    script = "; ".join(
        (
            up(project, "asking", "c1"),
            smithers(project, "approve", "c1"),
            smithers(project, "cancel", "c1"),
            smithers(project, "resume", "other"),
            smithers(project, "resume", "c1"),
        )
    )
    run(project, "single", script)
    assert codes(project) == ["3", "2", "2", "2", "3"], said(project)
    assert "which has not started that one" in said(project)


def test_a_run_that_ends_ends_the_runs_below_it(project: Project) -> None:
    run(project, "single", up(project, "asking", "c1"))
    assert status(project, "r1") == "finished"
    assert status(project, "c1") == "failed"
    assert "the run that started it has ended" in project.run("why", "c1").stdout


@pytest.mark.long
def test_a_cancelled_run_cancels_the_runs_below_it(project: Project) -> None:
    (project.folder / "hold-leaf").touch()
    owner = project.start(
        "up", "below.py:single", "--run-id", "r1", *given(up(project, "holding", "c1"))
    )
    until(lambda: project.ledger == ["held"], "the run below")
    assert project.run("cancel", "r1").returncode == 0
    owner.communicate(timeout=30)
    assert status(project, "r1") == "cancelled"
    assert status(project, "c1") == "cancelled"


def test_a_killed_run_is_cancelled_with_the_runs_below_it(project: Project) -> None:
    (project.folder / "hold-leaf").touch()
    script = up(project, "holding", "c1")
    owner = project.start("up", "below.py:single", "--run-id", "r1", *given(script))
    until(lambda: project.ledger == ["held"], "the run below")
    project.kill(owner)
    until(lambda: status(project, "c1") == "stale", "the end of its processes")
    assert project.run("cancel", "r1").returncode == 0
    assert (status(project, "r1"), status(project, "c1")) == ("cancelled", "cancelled")


def test_a_run_that_is_killed_resumes_and_its_agent_resumes_the_run_below(
    project: Project,
) -> None:
    (project.folder / "hold-leaf").touch()
    script = f"{up(project, 'holding', 'c1')}; {smithers(project, 'resume', 'c1')}"
    owner = project.start("up", "below.py:single", "--run-id", "r1", *given(script))
    until(lambda: project.ledger == ["held"], "the run below")
    project.kill(owner)
    until(lambda: status(project, "c1") == "stale", "the end of its processes")
    (project.folder / "hold-leaf").unlink()
    done = project.run("resume", "r1")
    assert done.returncode == 0, done.stderr
    assert codes(project) == ["2", "0"], said(project)
    assert "run c1 exists already" in said(project)
    assert status(project, "c1") == "finished"
    assert project.ledger == ["held", "held"]


@pytest.mark.long
def test_what_runs_below_use_counts_for_the_budget_of_the_run_above(project: Project) -> None:
    """One call of three is the shell's, so the second run below gets none."""
    script = "; ".join(up(project, "calls", id) for id in ("c1", "c2"))
    run(project, "capped", script)
    assert codes(project) == ["0", "5"], said(project)
    assert "the budget of the run is spent: 3 of 3 calls (of run r1)" in said(project)
    assert status(project, "c1") == "finished"


@pytest.mark.long
def test_a_budget_that_runs_below_have_spent_stops_the_run_above(project: Project) -> None:
    """The next agent would be the fourth call of three."""
    done = run(project, "more", up(project, "calls", "c1"))
    assert done.returncode == 5, done.stderr
    why = project.run("why", "r1").stdout
    assert "3 of 3 calls" in why
    assert "smithers budget r1 --add-calls" in why
    again = project.run("budget", "r1", "--add-calls", "1", "--resume")
    assert again.stdout == "more\n", again.stderr


@pytest.mark.long
def test_a_run_below_that_waits_for_a_budget_names_the_run_above(project: Project) -> None:
    script = "; ".join(up(project, "calls", id) for id in ("c1", "c2"))
    assert run(project, "more", script).returncode == 5
    why = project.run("why", "c2").stdout
    assert "3 of 3 calls (of run r1)" in why
    assert "the budget is that of a run above: `smithers cost r1` shows it" in why
    (budget,) = project.json("cost", "r1")["budgets"]
    (measure,) = budget["measures"]
    assert (measure["cap"], measure["used"], measure["left"]) == (3, 3, 0)


@pytest.mark.long
def test_a_run_below_that_must_clean_up_does_so_when_a_person_resumes_it(
    project: Project,
) -> None:
    (project.folder / "hold-leaf").touch()
    script = up(project, "cleaning", "c1")
    owner = project.start("up", "below.py:single", "--run-id", "r1", *given(script))
    until(lambda: project.ledger == ["held"], "the run below")
    assert project.run("cancel", "r1").returncode == 0
    _, err = owner.communicate(timeout=30)
    assert "run c1, which was started from below this one, must clean up: type" in err
    assert status(project, "c1") == "stale"
    supervised = project.run("supervise", "--once").stderr
    assert "must clean up, and an agent has started it: `smithers resume c1`" in supervised
    assert project.ledger == ["held"]
    assert project.run("resume", "c1").returncode == 4
    assert project.ledger == ["held", "cleaned"]
    assert status(project, "c1") == "cancelled"


@pytest.mark.long
def test_nobody_resumes_a_run_below_unattended_but_a_person_may(project: Project) -> None:
    (project.folder / "hold-leaf").touch()
    script = up(project, "holding", "c1")
    owner = project.start("up", "below.py:single", "--run-id", "r1", *given(script))
    until(lambda: project.ledger == ["held"], "the run below")
    owner.terminate()
    owner.communicate(timeout=30)
    until(lambda: status(project, "c1") in ("stale", "running", "waiting"), "the run")
    (project.folder / "hold-leaf").unlink()
    project.run("supervise", "--once")
    assert project.ledger == ["held"]
    done = project.run("resume", "c1")
    assert done.returncode == 0, done.stderr
    assert project.ledger == ["held", "held"]
    assert project.run("resume", "r1").returncode == 0


def test_a_run_that_another_run_has_started_may_not_be_resumed_from_below(
    project: Project,
) -> None:
    run(project, "single", up(project, "asking", "c1"))
    run(project, "single", smithers(project, "resume", "c1"), run_id="r2")
    assert codes(project) == ["3", "2"]
    assert "this process was started by run r2, which has not started that one" in said(project)


@pytest.mark.long
def test_over_mcp_an_agent_starts_a_run_as_often_as_it_may(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = project.folder / "client.py"
    file.write_text(MCP_CLIENT)
    state = f"XDG_STATE_HOME={tmp_path_factory.mktemp('state')}"
    project.environment["XDG_STATE_HOME"] = state.partition("=")[2]
    words = ["env", state, sys.executable, str(file), str(project.database)]
    done = run(project, "single", shlex.join(words))
    assert done.returncode == 0, done.stderr
    answers = json.loads((project.folder / "answers").read_text())
    assert [bool(one.get("run_id")) for one in answers] == [True, True, False], answers
    assert answers[0]["run_id"] == answers[1]["run_id"]
    assert "run r1 allows 1 run below it" in answers[2]["text"]
    assert parent(project, answers[0]["run_id"])["run_id"] == "r1"


MCP_CLIENT = """
import asyncio, json, sys
from pathlib import Path

from mcp import Client
from mcp_server import make_server
from smithers.hub import Hub

async def main():
    server = make_server(Hub(Path(sys.argv[1])), [Path.cwd()], supervises=False)
    answers = []
    async with Client(server) as client:
        for request in ("a", "a", "b"):
            given = {"workflow": "below.py:asking", "request_id": request}
            result = await client.call_tool("start_run", given)
            text = result.content[0].text
            answers.append(result.structured_content or {"text": text})
    Path("answers").write_text(json.dumps(answers))

asyncio.run(main())
"""
