"""The real Codex through `smithers up`: killed with Smithers, and taking over from Claude Code."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.durability.commands import Project, until
from tests.harness.helpers import installed
from tests.scripted_model import Hang, Script, ScriptedModel, Status, Step, Text

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

DONE = Text("Done by codex.")


def live(project: Project, model: ScriptedModel, **more: str) -> None:
    """Let both agents be the real programs, each with a script of its own on the same server."""
    for program in ("claude", "codex"):
        installed(program)
    for name in ("SMITHERS_REPLAY", "SMITHERS_REPLAY_SPEED"):
        del project.environment[name]
    project.home.mkdir()
    project.environment.update(
        HOME=str(project.home),
        XDG_STATE_HOME=str(project.home / "state"),
        CLAUDE_CONFIG_DIR=str(project.home / "config"),
        ANTHROPIC_BASE_URL=model.url_of("claude"),
        ANTHROPIC_API_KEY="scripted-key",
        CODEX_URL=f"{model.url_of('codex')}/v1",
        SCRIPTED_KEY="scripted-key",
        **more,
    )


def both(claude: list[Step], codex: list[Step]) -> Mapping[str, Script]:
    return {"claude": claude, "codex": codex}


def requests(model: ScriptedModel) -> list[str]:
    """Who asked the model, in order."""
    return [request.run for request in model.requests if request.step is not None]


def attempts(project: Project) -> list[tuple[str, str, str | None]]:
    """Agent, state and kind of error of each attempt."""

    def kind(error: Mapping[str, str] | None) -> str | None:
        return None if error is None else error["kind"]

    found = project.tasks()["fix"]["attempts"]
    return [(one["agent"], one["state"], kind(one["error"])) for one in found]


def test_a_killed_run_goes_on_in_its_session(project: Project) -> None:
    with ScriptedModel(runs=both([], [Hang("I will look at"), DONE])) as model:
        live(project, model, AGENTS="codex")
        process = project.start("up", "two_agents.py", "--run-id", "r1")
        until(lambda: model.requests, "the request", within_s=60)
        session = project.tasks()["fix"]["attempts"][0]["session_id"]
        until(lambda: project.has_written(session, "Fix the test"), "the session")
        project.kill(process)
        until(lambda: not project.processes(), "the end of the program", within_s=5)
        done = project.run("up", "two_agents.py", "--run-id", "r1", "--resume", within_s=120)
        assert done.returncode == 0, done.stderr
        history = str(model.requests[-1].body["input"])
    first, second = project.tasks()["fix"]["attempts"]
    assert (first["state"], second["state"]) == ("interrupted", "succeeded")
    assert first["session_id"] == second["session_id"] == session
    assert "Fix the test" in history
    assert "You were interrupted" in history


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (Status(401, "authentication_error", "invalid x-api-key"), "NotSignedIn"),
        (Status(429, "rate_limit_error", "slow down", {"retry-after": "3600"}), "Busy"),
    ],
    ids=["401", "429"],
)
def test_codex_takes_over_at_once_where_claude_cannot(
    refusal: Step, kind: str, project: Project
) -> None:
    with ScriptedModel(runs=both([refusal], [DONE])) as model:
        live(project, model)
        done = project.run("up", "two_agents.py", "--run-id", "r1", within_s=120)
        assert done.returncode == 0, done.stderr
        assert requests(model) == ["claude", "codex"]
    assert attempts(project) == [
        ("claude-code", "failed", kind),
        ("codex/scripted", "succeeded", None),
    ]
    assert project.tasks()["fix"]["output"] == "Done by codex."
    shown = project.run("timeline", "r1").stdout
    assert "claude-code" in shown
    assert "codex/scripted" in shown


def test_a_broken_provider_is_tried_again_before_the_next_agent_takes_over(
    project: Project,
) -> None:
    broken = Status(500, "api_error", "Internal server error")
    with ScriptedModel(runs=both([broken], [DONE])) as model:
        live(project, model)
        done = project.run("up", "two_agents.py", "--run-id", "r1", within_s=120)
        assert done.returncode == 0, done.stderr
        assert requests(model) == ["claude", "claude", "codex"]
    failed = ("claude-code", "failed", "Transient")
    assert attempts(project) == [failed, failed, ("codex/scripted", "succeeded", None)]


@pytest.mark.parametrize("how", ["refused", "hanging"])
def test_a_provider_that_cannot_be_reached_ends_by_our_clock_and_the_next_takes_over(
    how: str, project: Project
) -> None:
    with ScriptedModel(runs=both([Text("Done by claude.")], [Hang()])) as model:
        live(project, model, AGENTS="codex,claude")
        if how == "refused":
            project.environment["CODEX_URL"] = "http://127.0.0.1:9/v1"
        done = project.run("up", "two_agents.py", "--run-id", "r1", within_s=180)
        assert done.returncode == 0, done.stderr
    stalled = ("codex/scripted", "failed", "Stalled")
    assert attempts(project) == [stalled, stalled, ("claude-code", "succeeded", None)]
    assert project.tasks()["fix"]["output"] == "Done by claude."
