"""The real Claude Code against the scripted model: killed with Smithers, and gone on with."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.durability.commands import Project, until
from tests.scripted_model import Hang, Script, ScriptedModel, Text, ToolCall

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

FACTS = "Finished steps are written down."


@pytest.fixture(autouse=True)
def installed() -> None:
    """Without the program these tests skip, unless SMITHERS_LIVE_REQUIRED says they may not."""
    if shutil.which("claude") is None:
        why = "claude is not on PATH (npm install -g @anthropic-ai/claude-code)"
        if os.environ.get("SMITHERS_LIVE_REQUIRED"):
            pytest.fail(why)
        pytest.skip(why)


def live(project: Project, model: ScriptedModel) -> None:
    """Let the project's agent be the real program, with the scripted model as its provider."""
    for name in ("SMITHERS_REPLAY", "SMITHERS_REPLAY_SPEED"):
        del project.environment[name]
    project.home.mkdir()
    project.environment.update(
        HOME=str(project.home),
        CLAUDE_CONFIG_DIR=str(project.home / "config"),
        ANTHROPIC_BASE_URL=model.url,
        ANTHROPIC_API_KEY="scripted-key",
    )


def test_smoke_a_killed_run_of_the_real_program_goes_on_in_its_session(project: Project) -> None:
    script: Script = {
        "Research durable": [Text(FACTS)],
        "You were interrupted": [ToolCall("StructuredOutput", {"steps": ["write", "read"]})],
        "Plan from": [Hang("I will look at")],
        "Do: ['write', 'read']": [Text("Done.")],
    }
    with ScriptedModel(script) as model:
        live(project, model)
        process = project.start("up", "ship_it.py", "--run-id", "r1")
        until(lambda: len(model.requests) >= 2, "the request of plan", within_s=60)
        session = project.tasks()["plan"]["attempts"][0]["session_id"]
        until(lambda: project.has_written(session, "Plan from"), "the session of plan")
        assert len(project.processes()) >= 3  # Smithers, the guard, the program
        project.kill(process)
        until(lambda: not project.processes(), "the end of the program", within_s=5)
        done = project.run("up", "ship_it.py", "--run-id", "r1", "--resume", within_s=120)
        assert done.returncode == 0, done.stderr
        tasks = project.tasks()
        history = str(model.requests[2].body["messages"])
    assert [line.split()[:2] for line in project.ledger] == [
        ["ask", "Research"],
        ["ask", "Plan"],
        ["resume", "Plan"],
        ["ask", "Do:"],
    ]
    first, second = tasks["plan"]["attempts"]
    assert (first["state"], second["state"]) == ("interrupted", "succeeded")
    assert first["session_id"] == second["session_id"] == session
    assert "Plan from" in history
    assert "You were interrupted" in history
    assert tasks["plan"]["output"] == {"steps": ["write", "read"]}
    assert tasks["implement"]["output"] == "Done."
