"""A person in the sessions of the real programs, on a terminal, while a run waits for them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import pytest

from tests.durability.commands import Project, until
from tests.durability.test_live_sessions import histories
from tests.harness.helpers import installed
from tests.mcp_server.terminal import Terminal, on_a_terminal
from tests.scripted_model import Hang, Reply, ScriptedModel, Step, Text, ToolCall

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

SAID = "The word is heron."
SCRIPT: dict[str, Sequence[Step | Reply]] = {
    "Read the code": [Text("It is code.")],
    "Fix the test": [Hang("I will look at")],
    SAID: [Text("I will remember that.")],
    "a person has worked in this session": [Text("Fixed, with a heron.")],
    "Sum up": [Text("Done.")],
    "Generate a concise, single-line task title": [Text("Fix the test")],
}
JOBS = "(setsid tail -f /dev/null &) ; tail -n +1 -f /dev/null"
DOWN, UP, ENTER = "\x1b[B", "\x1b[A", "\r"


def live(project: Project, model: ScriptedModel, agent: str) -> None:
    """Let the agent be the real program, with the scripted model as its provider."""
    installed(agent)
    for name in ("SMITHERS_REPLAY", "SMITHERS_REPLAY_SPEED"):
        del project.environment[name]
    project.home.mkdir()
    project.environment.update(
        AGENTS=agent,
        HOME=str(project.home),
        CONFIG_DIR=str(project.home / "config"),
        ANTHROPIC_BASE_URL=model.url,
        ANTHROPIC_API_KEY="scripted-key",
        CODEX_URL=f"{model.url}/v1",
        SCRIPTED_KEY="scripted-key",
    )


def answer_claude(terminal: Terminal) -> None:
    """What the program asks a person who is new to it, in this folder and with this key."""
    terminal.until("Yes, I trust this folder")
    terminal.press(DOWN)
    terminal.until("❯")
    terminal.press(ENTER)
    terminal.until("Do you want to use this API key")
    terminal.press(UP)
    terminal.until("❯")
    terminal.press(ENTER)


def answer_codex(terminal: Terminal) -> None:
    terminal.until("Open restricted")
    terminal.press(ENTER)


ASKED = {"claude": answer_claude, "codex": answer_codex}
LEAVE = {"claude": "/exit", "codex": "/quit"}


def say(terminal: Terminal, words: str) -> None:
    terminal.press(words)
    terminal.until(words)
    terminal.press(ENTER)


@pytest.mark.parametrize("agent", ["claude", "codex"])
def test_a_person_works_in_the_session_and_the_run_goes_on_there(
    agent: str, project: Project
) -> None:
    with ScriptedModel(SCRIPT) as model:
        live(project, model, agent)
        process = project.start("up", "attended.py", "--run-id", "r1")
        until(lambda: histories(model, "Fix the test"), "the request", within_s=90)
        command = [sys.executable, "-m", "smithers", "attach", "r1", "fix"]
        with on_a_terminal(command, project.folder, project.environment) as terminal:
            terminal.until("leave the program to let the agent continue")
            assert [one["state"] for one in project.tasks()["fix"]["attempts"]] == ["interrupted"]
            ASKED[agent](terminal)
            terminal.until("Fix the test: It is code.")
            say(terminal, SAID)
            terminal.until("I will remember that.")
            say(terminal, LEAVE[agent])
            terminal.until("fix continues in its session")
        out, err = process.communicate(timeout=120)
        assert (process.returncode, out.strip()) == (0, "Done."), err
        (again,) = histories(model, "a person has worked in this session")
        for words in ("Fix the test", SAID, "I will remember that."):
            assert words in again
    first, second = project.tasks()["fix"]["attempts"]
    assert (first["state"], second["state"]) == ("interrupted", "succeeded")
    assert first["session_id"] == second["session_id"]
    assert project.tasks()["fix"]["output"] == "Fixed, with a heron."
    until(lambda: not project.processes(), "the end of every program", within_s=5)
    if agent == "claude":
        state = json.loads((project.home / "config" / ".claude.json").read_text())
        assert state["hasCompletedOnboarding"] is True


@pytest.mark.parametrize("agent", ["claude", "codex"])
def test_nothing_of_the_terminal_lives_after_it_is_killed_and_the_run_goes_on(
    agent: str, project: Project
) -> None:
    works = {
        "claude": ToolCall("Bash", {"command": JOBS, "description": "Work"}),
        "codex": ToolCall("exec_command", {"cmd": JOBS}),
    }
    with ScriptedModel({**SCRIPT, SAID: [works[agent]]}) as model:
        live(project, model, agent)
        process = project.start("up", "attended.py", "--run-id", "r1")
        until(lambda: histories(model, "Fix the test"), "the request", within_s=90)
        command = [sys.executable, "-m", "smithers", "attach", "r1", "fix"]
        with on_a_terminal(command, project.folder, project.environment) as terminal:
            ASKED[agent](terminal)
            terminal.until("Fix the test: It is code.")
            say(terminal, SAID)
            until(
                lambda: (
                    {"tail -f /dev/null", "tail -n +1 -f /dev/null"}
                    <= set(project.jobs(process.pid))
                ),
                "the shell command and its background child",
                within_s=60,
            )
            (attach,) = [one for one in project.processes() if "attach" in one.cmdline()]
            attach.kill()
            until(
                lambda: not [one for one in project.jobs(process.pid) if one.startswith("tail")],
                "the end of the jobs",
                within_s=5,
            )
        out, err = process.communicate(timeout=120)
        assert (process.returncode, out.strip()) == (0, "Done."), err
    until(lambda: not project.processes(), "the end of every program", within_s=5)
