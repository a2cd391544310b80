"""The real Pi through `smithers up`: killed with Smithers in its first call."""

from __future__ import annotations

import pytest

from tests.durability.commands import Project, until
from tests.harness.helpers import installed
from tests.scripted_model import Hang, ScriptedModel, Text

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


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
    with ScriptedModel([Hang("I will look at"), Text("Done by pi.")]) as model:
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
