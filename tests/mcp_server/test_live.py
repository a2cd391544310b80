"""The real programs call our server: they start runs, wait for them and read them, and may die."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.durability.commands import until
from tests.mcp_server.programs import CLAUDE, CODEX, PROGRAMS, Desk, Program, id_of, read
from tests.mcp_server.serving import Project
from tests.scripted_model import Script, ScriptedModel, Text, ToolCall

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


def starts(program: Program, workflow: str, **more: object) -> Script:
    """A model that starts a run, waits for it, and reads it by the id that it was given."""
    return [
        program.calls("start_run", workflow=workflow, **more),
        lambda returned: program.calls("wait_run", run_id=id_of(returned), timeout_s=50),
        lambda returned: program.calls("get_run", run_id=id_of(returned)),
        Text("Done."),
    ]


def reads(program: Program, run_id: str) -> Script:
    """A model that was given the id of a run by someone else."""
    return [
        program.calls("wait_run", run_id=run_id, timeout_s=50),
        program.calls("get_run", run_id=run_id),
        Text("Done."),
    ]


def goes_on(project: Project, run_id: str) -> None:
    """The run is asked to end, and does."""
    (project.folder / "go").touch()
    until(lambda: project.hub.status(run_id) == "finished", "the end of the run")


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda one: one.client)
def test_smoke_a_real_program_starts_a_run_waits_for_it_and_reads_it(
    program: Program, project: Project
) -> None:
    script = starts(program, "shouts", input={"topic": "whales"}, request_id="k")
    with ScriptedModel(runs={program.command: script}) as model:
        desk = Desk(project, model)
        desk.add(program)
        desk.run(program)
        started, waited, got = map(read, desk.returned(program))
    assert started["started"] is True
    assert (waited["status"], waited["timed_out"]) == ("finished", False)
    assert (got["run_id"], got["output"]) == (started["run_id"], "WHALES")
    assert project.hub.status(started["run_id"]) == "finished"


def test_claude_code_uses_the_server_of_a_project(project: Project) -> None:
    script = starts(CLAUDE, ".smithers/workflows/flows.py:shouts", input={"topic": "whales"})
    with ScriptedModel(runs={"claude": script}) as model:
        desk = Desk(project, model)
        desk.add(CLAUDE, scope="--project")
        desk.run(CLAUDE)
        *_, got = map(read, desk.returned(CLAUDE))
    assert got["output"] == "WHALES"


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda one: one.client)
def test_a_run_goes_on_when_the_program_that_started_it_is_through(
    program: Program, project: Project
) -> None:
    script: Script = [program.calls("start_run", workflow="holds"), Text("It runs.")]
    with ScriptedModel(runs={program.command: script}) as model:
        desk = Desk(project, model)
        desk.add(program)
        desk.run(program)
        (started,) = map(read, desk.returned(program))
    assert project.hub.status(started["run_id"]) == "running"
    goes_on(project, started["run_id"])
    assert (project.folder / "ledger").read_text() == "held\n"


@pytest.mark.parametrize("second", PROGRAMS, ids=lambda one: f"then-{one.client}")
def test_claude_code_is_killed_while_it_waits_and_another_program_reads_the_result(
    second: Program, project: Project
) -> None:
    with ScriptedModel(runs={"claude": starts(CLAUDE, "holds")}) as model:
        desk = Desk(project, model)
        desk.add(CLAUDE)
        window = desk.start(CLAUDE)
        until(lambda: desk.returned(CLAUDE), "the start of the run")
        until((project.folder / "ledger").exists, "the work of the run")
        run_id = id_of(desk.returned(CLAUDE))
        killed = desk.kill(window)
        assert [one for one in killed if "smithers mcp" in one], killed
        assert not [one for one in killed if run_id in one], killed
    assert project.hub.status(run_id) == "running"
    goes_on(project, run_id)
    with ScriptedModel(runs={second.command: reads(second, run_id)}) as model:
        desk = Desk(project, model)
        desk.add(second)
        desk.run(second)
        waited, got = map(read, desk.returned(second))
    assert (waited["status"], waited["timed_out"]) == ("finished", False)
    assert (got["run_id"], got["output"]) == (run_id, "gone on")
    assert (project.folder / "ledger").read_text() == "held\n"


def test_one_request_id_is_one_run_for_a_claude_code_that_was_killed_and_began_again(
    project: Project,
) -> None:
    script = starts(CLAUDE, "holds", request_id="tuesday")
    with ScriptedModel(runs={"claude": script}) as model:
        desk = Desk(project, model)
        desk.add(CLAUDE)
        window = desk.start(CLAUDE)
        until((project.folder / "ledger").exists, "the work of the run")
        desk.kill(window)
    with ScriptedModel(runs={"claude": script}) as model:
        (project.folder / "go").touch()
        desk = Desk(project, model)
        desk.run(CLAUDE)
        started, _, got = map(read, desk.returned(CLAUDE))
    assert started["started"] is False
    assert (got["run_id"], got["output"]) == (started["run_id"], "gone on")
    assert [one.run_id for one in project.hub.runs()] == [started["run_id"]]


def test_codex_waits_for_a_run_that_claude_code_started(project: Project) -> None:
    def waits(returned: Sequence[str]) -> ToolCall:
        (found,) = read(returned[-1])["runs"]
        return CODEX.calls("wait_run", run_id=found["run_id"], timeout_s=50)

    begins: Script = [CLAUDE.calls("start_run", workflow="holds"), Text("It runs.")]
    finds: Script = [CODEX.calls("list_runs"), waits, Text("Done.")]
    with ScriptedModel(runs={"claude": begins, "codex": finds}) as model:
        desk = Desk(project, model)
        desk.add(CLAUDE, CODEX)
        desk.run(CLAUDE)
        (project.folder / "go").touch()
        desk.run(CODEX)
        _, waited = map(read, desk.returned(CODEX))
    assert (waited["status"], waited["output"]) == ("finished", "gone on")
