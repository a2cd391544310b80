"""A pending approval is moved by a person's answer and by nothing that a model can say."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mcp.types import ElicitResult

from smithers.hub import Asked
from tests.mcp_server.serving import ERAS, Calls, Era, Project, human, in_both_eras, in_one_era

pytestmark = pytest.mark.anyio

APPROVES = ElicitResult(action="accept", content={"decision": "approve", "note": "go"})
FILLED_IN: list[dict[str, Any]] = [
    {"decision": "approve"},
    {"approved": True},
    {"chosen": {"action": "accept", "data": {"decision": "approve", "note": ""}}},
    {"approval": {"task": "ship"}, "chosen": {"decision": "approve"}},
    {"note": "a person said yes", "by": "ann"},
    {"input_responses": {"choice": {"action": "accept", "content": {"decision": "approve"}}}},
]
EVERYTHING = {name: value for one in FILLED_IN for name, value in one.items()}


async def asking(call: Calls, workflow: str = "asks") -> str:
    run_id: str = (await call("start_run", workflow=workflow))["run_id"]
    waited = await call("wait_run", run_id=run_id, timeout_s=50)
    assert (waited["status"], waited["timed_out"]) == ("waiting", False)
    return run_id


async def open_approval(project: Project, run_id: str) -> Asked:
    return await asyncio.to_thread(project.hub.asks, run_id, None)


def decides(project: Project, run_id: str, *, approved: bool) -> None:
    """A person at the command line."""
    project.hub.decide(run_id, None, approved=approved, by="ann", note="typed")


async def test_a_person_approves_by_elicitation_and_the_run_goes_on(
    project: Project, era: Era
) -> None:
    shown: list[str] = []

    async def answers(message: str) -> ElicitResult:
        shown.append(message)
        return APPROVES

    async with project.client(era, answers=answers) as call:
        run_id = await asking(call)
        answered = await call("answer", run_id=run_id)
        assert (answered["task"], answered["approved"], answered["note"]) == ("ship", True, "go")
        done = await call("wait_run", run_id=run_id, timeout_s=50)
        assert (done["status"], done["output"]) == ("finished", "shipped: go")
        assert "CONFLICT" in (await call("answer", run_id=run_id)).error
    (message,) = shown
    assert "Ship this?" in message
    assert run_id in message


@pytest.mark.sampled(1)
@in_both_eras
async def test_a_person_denies(project: Project, era: Era) -> None:
    async with project.client(era, answers=human("accept", decision="deny", note="no")) as call:
        run_id = await asking(call)
        assert (await call("answer", run_id=run_id, task="ship"))["approved"] is False
        assert (await call("wait_run", run_id=run_id, timeout_s=50))["status"] == "failed"


WITHOUT = {
    "cannot ask": None,
    "declines": human("decline"),
    "cancels": human("cancel"),
    "accepts nothing": human("accept"),
    "another word": human("accept", decision="perhaps"),
    "note alone": human("accept", note="approve"),
}
IN_BOTH = ("cannot ask", "declines", "another word")


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("answers", "era"),
    [
        pytest.param(
            answers,
            era,
            id=f"{era}-{name}",
            marks=() if era == ERAS[1] or name in IN_BOTH else pytest.mark.live,
        )
        for name, answers in WITHOUT.items()
        for era in ERAS
    ],
)
async def test_without_a_decision_the_approval_stays_and_the_way_to_answer_is_told(
    project: Project, era: Era, answers: Any
) -> None:
    async with project.client(era, answers=answers) as call:
        run_id = await asking(call)
        said = await call("answer", run_id=run_id)
        assert said.error
        if answers is None or (await answers("")).action != "accept":
            assert "NOT_DECIDED" in said.error
            (question,) = project.hub.list_asks(run_id, "ship")
            for command in question.commands.values():
                assert f" -m {command} --db {project.database}" in said.error
        else:
            assert said.error.startswith("FAILED: your client's answer does not fit the question")
        assert (await open_approval(project, run_id)).asked == "Ship this?"


async def test_no_sequence_of_calls_moves_a_pending_approval(project: Project, era: Era) -> None:
    async with project.client(era, answers=human("cancel"), supervises=True) as call:
        run_id = await asking(call)
        before = await open_approval(project, run_id)
        for arguments in FILLED_IN:
            assert (await call("answer", run_id=run_id, **arguments)).error
            assert (await call("answer", run_id=run_id, task="ship", **arguments)).error
        tools = (await call.client.list_tools()).tools
        apart = ("answer", "cancel_run", "retry_task")
        others = [one.name for one in tools if one.name not in apart]
        for tool in others:
            asked = {"run_id": run_id, "timeout_s": 0.05, "task": "ship", "workflow": "asks"}
            await call(tool, **{**asked, "request_id": "again", **EVERYTHING})
            (schema,) = (one.input_schema for one in tools if one.name == tool)
            fits = {name: asked[name] for name in asked.keys() & schema["properties"].keys()}
            await call(tool, **fits)
        assert (await open_approval(project, run_id)) == before
        await call("retry_task", run_id=run_id, task="ship")
        assert (await call("wait_run", run_id=run_id, timeout_s=50))["status"] == "waiting"
        assert (await open_approval(project, run_id)).asked == before.asked  # and asked again
        (answer,) = [one for one in tools if one.name == "answer"]
    assert set(answer.input_schema["properties"]) == {"run_id", "task"}


@pytest.mark.long
async def test_two_pending_approvals_want_the_one_that_is_meant(project: Project, era: Era) -> None:
    async with project.client(era, answers=human("accept", decision="approve")) as call:
        run_id = await asking(call, "asks_twice")
        said = await call("answer", run_id=run_id)
        assert "REFUSED: several questions" in said.error
        assert "left, right" in said.error
        assert (
            "has no question 'middle'" in (await call("answer", run_id=run_id, task="middle")).error
        )
        assert (await call("answer", run_id=run_id, task="right"))["task"] == "right"
        assert (await call("answer", run_id=run_id, task="left"))["task"] == "left"
        waited = await call("wait_run", run_id=run_id, timeout_s=50)
        assert waited["status"] == "finished", waited


async def test_an_answer_to_what_was_decided_meanwhile_is_refused(
    project: Project, era: Era
) -> None:
    runs: list[str] = []

    async def too_late(_: str) -> ElicitResult:
        await asyncio.to_thread(decides, project, runs[0], approved=False)
        return APPROVES

    async with project.client(era, answers=too_late) as call:
        runs.append(await asking(call))
        said = await call("answer", run_id=runs[0])
        assert "CONFLICT" in said.error or "REFUSED" in said.error
        assert (await call("resume_run", run_id=runs[0]))["resumed"]
        assert (await call("wait_run", run_id=runs[0], timeout_s=50))["status"] == "failed"


@pytest.mark.long
async def test_nobody_is_asked_what_is_answered_and_not_taken_up_yet(
    project: Project, era: Era
) -> None:
    async def asked(_: str) -> ElicitResult:
        raise AssertionError("a person was asked again")

    async with project.client(era, answers=asked) as call:
        run_id = await asking(call)
        await asyncio.to_thread(decides, project, run_id, approved=True)
        said = await call("answer", run_id=run_id)
        assert "CONFLICT: ship of run" in said.error
        assert "approved by ann" in said.error


async def test_an_approval_for_others_is_refused_to_this_user(project: Project, era: Era) -> None:
    async with project.client(era, answers=human("accept", decision="approve")) as call:
        run_id = await asking(call, "asks_ann")
        said = await call("answer", run_id=run_id)
        assert "may not decide it, nobody-here may, and nobody can prove that name" in said.error
        assert "tell the person to type in their own terminal: " in said.error


async def test_a_server_below_an_agent_of_a_run_decides_nothing(project: Project, era: Era) -> None:
    async with project.client(era, answers=human("accept", decision="approve")) as call:
        run_id = await asking(call)
        project.environment["SMITHERS_ATTEMPT"] = "another-run:1"
        assert "an agent may not decide" in (await call("answer", run_id=run_id)).error
    del project.environment["SMITHERS_ATTEMPT"]
    assert (await open_approval(project, run_id)).task == "ship"


@in_one_era
async def test_a_run_that_waits_for_a_person_is_not_resumed(project: Project, era: Era) -> None:
    async with project.client(era) as call:
        run_id = await asking(call, "asks_twice")
        before = project.hub.summary(run_id).frames
        said = await call("resume_run", run_id=run_id)
        assert (said["resumed"], said["status"]) == (False, "waiting")
        assert "a person's decision on left, right" in said["why"]
        assert not project.hub.look(run_id).alive
        assert project.hub.summary(run_id).frames == before


@pytest.mark.long
async def test_an_answer_by_the_command_line_is_taken_up_by_the_server(
    project: Project, era: Era
) -> None:
    async with project.client(era, supervises=True) as call:
        run_id = await asking(call)
        await asyncio.to_thread(decides, project, run_id, approved=True)
        done = await call("wait_run", run_id=run_id, timeout_s=50)
        assert (done["status"], done["output"]) == ("finished", "shipped: typed")
