"""Antigravity's real SDK through `smithers up`, killed with Smithers while it runs a command."""

from __future__ import annotations

import pytest

from tests.durability.commands import Project, until
from tests.harness.helpers import antigravity_python
from tests.scripted_model import ScriptedModel, Step, Text, ToolCall

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

JOBS = "(setsid tail -f /dev/null &) ; tail -n +1 -f /dev/null"


def test_nothing_lives_after_smithers_is_killed_and_the_session_goes_on(project: Project) -> None:
    python = antigravity_python()
    for name in ("SMITHERS_REPLAY", "SMITHERS_REPLAY_SPEED"):
        del project.environment[name]
    project.home.mkdir()
    project.environment.update(HOME=str(project.home), SCRIPTED_KEY="key", AGENTS="antigravity")
    # On a busy machine the import of the SDK alone takes half a minute.
    project.environment.update(ANTIGRAVITY_PYTHON=python, IDLE_S="60")
    wait = {"CommandLine": JOBS, "Cwd": ".", "WaitMsBeforeAsync": 60_000}
    script: list[Step] = [ToolCall("run_command", wait), Text("Done by antigravity.")]
    with ScriptedModel(script) as model:
        project.environment["GEMINI_URL"] = model.url
        process = project.start("up", "two_agents.py", "--run-id", "r1")
        jobs = {"tail -f /dev/null", "tail -n +1 -f /dev/null"}
        until(
            lambda: model.requests and jobs <= set(project.jobs(process.pid)),
            "the shell command with its background child",
            within_s=60,
        )
        project.kill(process)
        until(lambda: not project.processes(), "the end of every descendant", within_s=5)
        done = project.run("up", "two_agents.py", "--run-id", "r1", "--resume", within_s=120)
        assert done.returncode == 0, done.stderr
        history = str(model.requests[-1].body["contents"])
    one, two = project.tasks()["fix"]["attempts"]
    assert (one["state"], two["state"]) == ("interrupted", "succeeded")
    assert one["session_id"] == two["session_id"]
    assert "Fix the test" in history
    assert "You were interrupted" in history
