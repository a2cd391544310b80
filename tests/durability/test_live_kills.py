"""Smithers is killed while each real program runs a command that left a child in the background."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from tests.durability.commands import Project, until
from tests.harness.helpers import antigravity_python, installed
from tests.scripted_model import ScriptedModel, Step, Text, ToolCall

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

JOBS = "(setsid tail -f /dev/null &) ; tail -n +1 -f /dev/null"
RUNNING = {"tail -f /dev/null", "tail -n +1 -f /dev/null"}


@dataclass(frozen=True, kw_only=True)
class Program:
    """One line a program: how it is asked for a command, and where its model is."""

    name: str
    call: ToolCall
    needs: Callable[[], object]
    url: str
    path: str = ""
    more: Mapping[str, str] = field(default_factory=dict[str, str])


PROGRAMS = {
    "claude": Program(
        name="claude",
        call=ToolCall("Bash", {"command": JOBS, "description": "Wait"}),
        needs=lambda: installed("claude"),
        url="ANTHROPIC_BASE_URL",
        more={"ANTHROPIC_API_KEY": "scripted-key"},
    ),
    "codex": Program(
        name="codex",
        call=ToolCall("exec_command", {"cmd": JOBS}),
        needs=lambda: installed("codex"),
        url="CODEX_URL",
        path="/v1",
    ),
    "codex without its sandbox": Program(
        name="codex",
        call=ToolCall("exec_command", {"cmd": JOBS}),
        needs=lambda: installed("codex"),
        url="CODEX_URL",
        path="/v1",
        more={"WIDE": "1"},
    ),
    "pi": Program(
        name="pi",
        call=ToolCall("bash", {"command": JOBS}),
        needs=lambda: installed("pi"),
        url="PI_URL",
    ),
    "gemini": Program(
        name="gemini",
        call=ToolCall("run_shell_command", {"command": JOBS}),
        needs=lambda: installed("gemini"),
        url="GEMINI_URL",
    ),
    "antigravity": Program(
        name="antigravity",
        call=ToolCall(
            "run_command", {"CommandLine": JOBS, "Cwd": ".", "WaitMsBeforeAsync": 60_000}
        ),
        needs=antigravity_python,
        url="GEMINI_URL",
        more={"IDLE_S": "60"},  # on a busy machine the import of the SDK alone takes half a minute
    ),
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_nothing_lives_five_seconds_after_a_kill_and_the_session_goes_on(
    program: Program, project: Project
) -> None:
    program.needs()
    for name in ("SMITHERS_REPLAY", "SMITHERS_REPLAY_SPEED"):
        del project.environment[name]
    project.home.mkdir()
    environment = {"HOME": str(project.home), "SCRIPTED_KEY": "key", "AGENTS": program.name}
    project.environment.update(environment | dict(program.more))
    if program.name == "antigravity":
        project.environment["ANTIGRAVITY_PYTHON"] = antigravity_python()
    script: list[Step] = [program.call, Text("Done.")]
    with ScriptedModel(script) as model:
        project.environment[program.url] = model.url + program.path
        process = project.start("up", "two_agents.py", "--run-id", "r1")
        until(
            lambda: model.requests and set(project.jobs(process.pid)) >= RUNNING,
            "the shell command with its background child",
            within_s=90,
        )
        jobs = project.jobs(process.pid)
        assert not [job for job in jobs if "codex.js" in job], "its wrapper is not started"
        project.kill(process)
        until(lambda: not project.processes(), "the end of every descendant", within_s=5)
        done = project.run("up", "two_agents.py", "--run-id", "r1", "--resume", within_s=120)
        assert done.returncode == 0, done.stderr
        history = str(model.requests[-1].body)
    one, two = project.tasks()["fix"]["attempts"]
    assert (one["state"], two["state"]) == ("interrupted", "succeeded")
    assert one["session_id"] == two["session_id"]
    assert "Fix the test" in history
    assert "You were interrupted" in history
