"""The real Pi through `smithers up`: killed with Smithers in its first call, and steered."""

from __future__ import annotations

import pytest

from tests.durability.commands import Project, until
from tests.harness.helpers import installed
from tests.scripted_model import Hang, ScriptedModel, Text, ToolCall

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

HELD = "until [ -e go ]; do sleep 0.1; done; echo the tool is done"
DONE = Text("Done by pi.")


def live(project: Project, model: ScriptedModel) -> None:
    """Let Pi be the real program, with a home of its own."""
    installed("pi")
    for name in ("SMITHERS_REPLAY", "SMITHERS_REPLAY_SPEED"):
        del project.environment[name]
    project.home.mkdir()
    project.environment.update(
        HOME=str(project.home), PI_URL=model.url, SCRIPTED_KEY="scripted-key", AGENTS="pi"
    )


def test_a_run_that_is_killed_in_its_first_call_begins_anew(project: Project) -> None:
    with ScriptedModel([Hang("I will look at"), DONE]) as model:
        live(project, model)
        process = project.start("up", "two_agents.py", "--run-id", "r1")
        until(lambda: model.requests, "the request", within_s=60)
        project.kill(process)
        until(lambda: not project.processes(), "the end of every descendant", within_s=5)
        done = project.run("up", "two_agents.py", "--run-id", "r1", "--resume", within_s=120)
        assert done.returncode == 0, done.stderr
        history = str(model.requests[-1].body["messages"])
    one, two = project.tasks()["fix"]["attempts"]
    assert (one["state"], two["state"]) == ("interrupted", "succeeded")
    assert one["session_id"] != two["session_id"]
    assert "Fix the test" in history
    assert "You were interrupted" not in history


@pytest.mark.parametrize("killed", [False, True], ids=["in its session", "killed before it heard"])
def test_what_a_person_says_while_a_tool_runs_is_told_once(killed: bool, project: Project) -> None:
    with ScriptedModel([ToolCall("bash", {"command": HELD}), DONE]) as model:
        live(project, model)
        process = project.start("up", "two_agents.py", "--run-id", "r1")
        until(lambda: any("[ -e go ]" in job for job in project.jobs(process.pid)), "the tool")
        said = project.start("steer", "r1", "fix", "Make it blue.")
        streams = project.folder / ".smithers"
        until(
            lambda: any("Make it blue." in one.read_text() for one in streams.rglob("*.raw.jsonl")),
            "the message on its way to Pi",
        )
        if killed:
            project.kill(process)
            until(lambda: not project.jobs(said.pid), "the end of every descendant", within_s=5)
        (project.folder / "go").touch()
        if killed:
            process = project.start("up", "two_agents.py", "--run-id", "r1", "--resume")
        _, complaints = process.communicate(timeout=120)
        assert process.returncode == 0, complaints
        told = said.communicate(timeout=60)[0]
        assert killed or told.startswith("fix of r1 received the message")
        history = str(model.requests[-1].body["messages"])
    assert len(model.requests) == 2
    assert history.count("Make it blue.") == 1
    assert history.index("No result provided" if killed else "the tool is done") < history.index(
        "Make it blue."
    )
