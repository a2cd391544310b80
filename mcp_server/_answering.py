"""`answer`: a person answers a question, by elicitation. No argument of it can be filled in by a
model, and where no person answers it says how one can.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

from mcp.server.elicitation import AcceptedElicitation, ElicitationResult
from mcp.server.mcpserver import Context, Elicit, Resolve
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from mcp_server._errors import failure, telling
from mcp_server._face import Face, face_of
from mcp_server._forms import Reply, form_of, hard_fields, value_of
from mcp_server._hints import typed
from mcp_server._models import Answered
from mcp_server._tools import RunId, known
from smithers.errors import Refused, SmithersError, WrongAnswer
from smithers.hub import Asked, Hub, plain

__all__ = ["answer", "go_on"]


async def asked(ctx: Context[Face], run_id: str, task: str | None) -> Asked:
    """The question that is meant."""
    hub = await asyncio.to_thread(known, ctx, run_id)
    with telling(hub):
        return await asyncio.to_thread(hub.asks, run_id, task)


async def reply(ctx: Context[Face], question: Annotated[Asked, Resolve(asked)]) -> Elicit[Reply]:
    """Asks the person, where the client has one."""
    capabilities = ctx.client_capabilities
    elicitation = None if capabilities is None else capabilities.elicitation
    if elicitation is None or (elicitation.form is None and elicitation.url is not None):
        raise _undecided(face_of(ctx).hub, question, "this client cannot ask a person")
    verb = "decide" if question.form.kind == "decision" else "answer"
    try:
        face_of(ctx).hub.person().check(question.allowed_by, f"{verb} it")
    except Refused as error:
        raise _undecided(face_of(ctx).hub, question, error.said) from None
    if hard := hard_fields(question.form):
        why = f"a client cannot ask a person for {', '.join(hard)}"
        raise _undecided(face_of(ctx).hub, question, why)
    text = plain(face_of(ctx).hub.secrets.mask(_question(face_of(ctx).hub, question)))
    return Elicit(text, form_of(question.form))


async def answer(
    ctx: Context[Face],
    run_id: RunId,
    question: Annotated[Asked, Resolve(asked)],
    given: Annotated[ElicitationResult[Reply], Resolve(reply)],
    task: Annotated[
        str | None,
        Field(
            description="The task that asks, as get_run names it in waiting_for, as ship or"
            " review[2]; may be left out when one waits."
        ),
    ] = None,
) -> Answered:
    """Have a person answer a question that a run waits for: an approval, a choice, a text or data.
    Your client asks the person, who answers; you cannot. If nobody can be asked here, the error
    says how a person answers: tell them that, then call wait_run.
    """
    hub = face_of(ctx).hub
    if not isinstance(given, AcceptedElicitation):
        raise _undecided(hub, question, f"the question was answered with {given.action!r}")
    value, note = value_of(question.form, given.data)
    with telling(hub, "call get_run to see what it waits for now"):
        try:
            recorded = await asyncio.to_thread(
                hub.answer,
                run_id,
                question.name,
                value,
                by=hub.person().name,
                note=note,
                asked=question,
            )
        except WrongAnswer as error:
            raise _undecided(hub, question, f"the answer does not fit: {error.said}") from error
    await asyncio.to_thread(go_on, hub, run_id)
    is_decision = question.form.kind == "decision"
    return Answered(
        run_id=run_id,
        task=recorded.task,
        iteration=list(recorded.iteration),
        answer=recorded.answer,
        approved=recorded.answer == "approve" if is_decision else None,
        by=recorded.by,
        note=recorded.note,
        status=str(await asyncio.to_thread(hub.status, run_id)),
    )


def go_on(hub: Hub, run_id: str) -> None:
    """A process goes on with the run, unless one lives that takes the answer. The answer is written
    already, so what hinders that is no failure: `supervise` wakes the run as well.
    """
    try:
        if hub.needs_process(run_id):
            hub.launch_again(run_id)
    except SmithersError:
        return


def _question(hub: Hub, question: Asked) -> str:
    due = f"\nuntil {question.due}" if question.due else ""
    what = "decision on" if question.form.kind == "decision" else "answer to"
    refused = question.form.refused
    again = "" if refused is None else f"\n\nThe last answer was refused: {refused}"
    if question.form.may_deny:
        (found,) = hub.list_asks(question.run_id, question.name)
        deny = typed(found.deny_command or "", hub.database)
        again += f"\n\nTo send the work back instead, type in a terminal: {deny} --note '...'"
    return (
        f"Run {question.run_id} asks for your {what} {question.name}"
        f" (frame {question.opened}){due}:\n\n{question.asked}{again}"
    )


def _undecided(hub: Hub, question: Asked, why: str) -> ToolError:
    with telling(hub):
        (found,) = hub.list_asks(question.run_id, question.name)
    commands = "\nor: ".join(typed(command, hub.database) for command in found.commands.values())
    return failure(
        "NOT_DECIDED",
        f"{why}; {question.name} of run {question.run_id} still waits for a person",
        f"tell the person to type in their own terminal: {commands}",
    )
