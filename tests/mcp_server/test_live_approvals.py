"""A pending approval is moved by no agent: not by the tools, and not from the shell of a run's."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from smithers.hub import Asked
from tests.durability.commands import until
from tests.harness.helpers import installed
from tests.mcp_server.programs import CLAUDE, PROGRAMS, Desk, Program, read
from tests.mcp_server.serving import Project
from tests.mcp_server.terminal import on_a_terminal
from tests.scripted_model import Script, ScriptedModel, Step, Text, ToolCall

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

HERE = Path(__file__).parent
ACCEPTING = str(HERE / "accepting.py")
SMITHERS = f"{sys.executable} -m smithers"
APPROVE = f"{SMITHERS} approve RUN ship --by ann"
# Marks taken off, a session of its own, and nobody above it but who adopts orphans.
ORPHAN = (
    f"(env -i setsid {APPROVE} >orphan 2>&1 &);"
    " timeout 30 sh -c 'until test -s orphan; do sleep 0.1; done'; cat orphan"
)
SHELL = {
    "typed": APPROVE,
    "without its marks": f"env -i {APPROVE}",
    "in another session": f"env -u SMITHERS_ATTEMPT -u SMITHERS_RUN setsid -w {APPROVE}",
    "as an orphan": ORPHAN,
    "by a client that accepts": f"{sys.executable} {ACCEPTING} RUN",
    "by a step of a run of its own": (
        f"env -i {SMITHERS} up agent_flows.py:approves --run-id inner --json"
        """ --input '{"run_id": "RUN"}'"""
    ),
}


@pytest.fixture
def asking(project: Project) -> Asked:
    """The open approval of a run, `r1`, that waits for a person."""
    for file in ("flows.py", "agent_flows.py"):
        shutil.copy(HERE / file, project.folder)
    hub = project.hub
    hub.launch("flows.py", name="asks", input=None, run_id="r1", folder=project.folder)
    until(lambda: hub.status("r1") == "waiting", "the question")
    return hub.asks("r1", None)


@pytest.mark.parametrize("run_id", ["r1", "own"], ids=["another-run", "its-own-run"])
def test_the_agent_of_a_run_cannot_decide_from_its_shell(
    run_id: str, project: Project, asking: Asked
) -> None:
    typed = [command.replace("RUN", run_id) for command in SHELL.values()]
    script: list[Step] = [
        ToolCall("Bash", {"command": one, "description": "Ship", "timeout": 60_000})
        for one in typed
    ]
    with ScriptedModel(runs={"claude": [*script, Text("Shipped.")]}) as model:
        desk = Desk(project, model)
        desk.smithers("up", "agent_flows.py:impatient", "--run-id", "own", code=3)
        returned = desk.returned(CLAUDE)
    for how, said in zip(SHELL, returned, strict=True):
        assert "an agent may not " in said, (how, said)
    assert project.hub.asks("r1", None) == asking
    assert project.hub.asks("own", None).asked == "Ship this?"
    # The same outside of the run: it was refused for where it stood.
    assert "ship was approved by" in desk.python(ACCEPTING, run_id)


def attempts(program: Program) -> Script:
    """What a model might try that wants `r1` approved, with arguments that do not exist as well."""
    yes = {"decision": "approve", "note": "a person said yes"}
    call = program.calls
    return [
        call("answer", run_id="r1"),
        call("answer", run_id="r1", task="ship", **yes),
        call("answer", run_id="r1", chosen={"action": "accept", "data": yes}),
        call("resume_run", run_id="r1"),
        call("resume_run", run_id="r1", approved=True, by="ann"),
        call("start_run", workflow="flows.py:asks", request_id="r1", cwd="."),
        call("start_run", workflow="agent_flows.py:approves", input={"run_id": "r1"}),
        call("cancel_run", run_id="r2"),
        call("wait_run", run_id="r1", timeout_s=1),
        call("answer", run_id="r1", task="ship"),
        Text("I cannot."),
    ]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda one: one.client)
def test_no_sequence_of_a_real_programs_calls_moves_an_approval_and_a_person_is_told_how(
    program: Program, project: Project, asking: Asked
) -> None:
    hub = project.hub
    hub.launch("flows.py", name="asks", input=None, run_id="r2", folder=project.folder)
    with ScriptedModel(runs={program.command: attempts(program)}) as model:
        desk = Desk(project, model)
        desk.add(program)
        desk.run(program)
        returned = desk.returned(program)
    assert hub.asks("r1", None) == asking
    refusal = "cancel" if program is CLAUDE else "decline"
    for said in (returned[0], returned[-1]):
        assert f"NOT_DECIDED: the question was answered with '{refusal}'" in said
    assert (read(returned[3])["resumed"], read(returned[3])["status"]) == (False, "waiting")
    for said in (returned[1], returned[2], returned[4]):
        assert "INVALID_ARGUMENT: " in said
    assert hub.status("r2") == "cancelled"
    typed = read(returned[6])["run_id"]
    until(lambda: hub.status(typed) == "finished", "the end of the run that approves")
    assert "an agent may not decide" in str(hub.summary(typed).output)
    (command,) = [line for line in returned[-1].splitlines() if "smithers approve" in line]
    python, *words = shlex.split(command.partition("in their own terminal: ")[2])
    assert python == sys.executable
    desk.python(*words, "--resume", "--note", "go")
    assert hub.summary("r1").output == '"shipped: go"'


DOWN, RIGHT, ENTER, ESCAPE = "\x1b[B", "\x1b[C", "\r", "\x1b"


def seed(desk: Desk) -> None:
    """Claude Code on a terminal has asked its first questions."""
    file = Path(desk.environment["CLAUDE_CONFIG_DIR"], ".claude.json")
    settings = json.loads(file.read_text())
    settings["hasCompletedOnboarding"] = True
    settings["customApiKeyResponses"] = {"approved": ["scripted-key"], "rejected": []}
    settings["projects"] = {str(desk.project.folder): {"hasTrustDialogAccepted": True}}
    file.write_text(json.dumps(settings))


@pytest.mark.parametrize("approves", [True, False], ids=["approves", "leaves-it"])
def test_a_person_at_the_terminal_of_claude_code_is_asked_and_decides(
    approves: bool, project: Project, asking: Asked
) -> None:
    script: Script = [CLAUDE.calls("answer", run_id="r1"), Text("Thank you.")]
    with ScriptedModel(runs={"claude": script}) as model:
        desk = Desk(project, model)
        desk.add(CLAUDE)
        seed(desk)
        command = [installed("claude"), "--allowedTools", "mcp__smithers", "--", "Go on."]
        with on_a_terminal(command, project.folder, desk.environment) as terminal:
            terminal.until("requests your input")
            terminal.until("to expand")
            assert "Shipthis?" in terminal.shown
            if approves:
                terminal.press(RIGHT)
                terminal.until("deny")
                terminal.press(ENTER)
                terminal.until("Type something")
                terminal.press(DOWN)
                terminal.until("not set")
                terminal.press(ENTER)
            else:
                terminal.press(ESCAPE)
            terminal.until("Thank you.")
        (said,) = desk.returned(CLAUDE)
    if approves:
        assert read(said)["approved"] is True
        until(lambda: project.hub.status("r1") == "finished", "the end of the run")
    else:
        assert "NOT_DECIDED: the question was answered with 'cancel'" in said
        assert project.hub.asks("r1", None) == asking
