"""`answer`: a person decides an approval, by elicitation. No argument of it can be filled in by a
model, and where no person answers it says how one can.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from mcp.server.elicitation import AcceptedElicitation, ElicitationResult
from mcp.server.mcpserver import Context, Elicit, Resolve
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

from mcp_server._errors import failure, telling
from mcp_server._face import Face, face_of
from mcp_server._hints import typed
from mcp_server._models import Answered
from mcp_server._tools import RunId, known, login
from smithers.errors import SmithersError
from smithers.hub import Asked, Hub, plain

__all__ = ["answer"]


class Choice(BaseModel):
    """What a person is asked for. Nothing is chosen beforehand."""

    decision: Literal["approve", "deny"] = Field(description="Approve or deny.")
    note: str = Field(default="", description="Why, for the record; may be left empty.")


async def asked(ctx: Context[Face], run_id: str, task: str | None) -> Asked:
    """The approval that is meant."""
    hub = await asyncio.to_thread(known, ctx, run_id)
    with telling(hub):
        return await asyncio.to_thread(hub.asks, run_id, task)


async def choice(ctx: Context[Face], approval: Annotated[Asked, Resolve(asked)]) -> Elicit[Choice]:
    """Asks the person, where the client has one."""
    capabilities = ctx.client_capabilities
    elicitation = None if capabilities is None else capabilities.elicitation
    if elicitation is None or (elicitation.form is None and elicitation.url is not None):
        raise _undecided(face_of(ctx).hub, approval, "this client cannot ask a person")
    if approval.allowed_by and login() not in approval.allowed_by:
        why = f"{login()!r} may not decide it, {' or '.join(approval.allowed_by)} may"
        raise _undecided(face_of(ctx).hub, approval, why)
    return Elicit(plain(face_of(ctx).hub.secrets.mask(_question(approval))), Choice)


async def answer(
    ctx: Context[Face],
    run_id: RunId,
    approval: Annotated[Asked, Resolve(asked)],
    chosen: Annotated[ElicitationResult[Choice], Resolve(choice)],
    task: Annotated[
        str | None,
        Field(
            description="The approval, as get_run names it in waiting_for, as ship or review[2];"
            " may be left out when one waits."
        ),
    ] = None,
) -> Answered:
    """Have a person answer an approval that a run waits for. Your client asks the person, who
    decides; you cannot. If nobody can be asked here, the error says how a person answers: tell
    them that, then call wait_run.
    """
    hub = face_of(ctx).hub
    if not isinstance(chosen, AcceptedElicitation):
        raise _undecided(hub, approval, f"the question was answered with {chosen.action!r}")
    approved = chosen.data.decision == "approve"
    note = chosen.data.note or None
    with telling(hub, "call get_run to see what it waits for now"):
        decided = await asyncio.to_thread(
            hub.decide,
            run_id,
            approval.name,
            approved=approved,
            by=login(),
            note=note,
            asked=approval,
        )
    await asyncio.to_thread(_go_on, hub, run_id)
    return Answered(
        run_id=run_id,
        task=decided.task,
        iteration=list(decided.iteration),
        approved=decided.approved,
        by=decided.by,
        note=decided.note,
        status=str(await asyncio.to_thread(hub.status, run_id)),
    )


def _go_on(hub: Hub, run_id: str) -> None:
    """A process goes on with the run, unless one lives that takes the answer. The answer is written
    already, so what hinders that is no failure: `supervise` wakes the run as well.
    """
    try:
        if hub.needs_process(run_id):
            hub.launch_again(run_id)
    except SmithersError:
        return


def _question(approval: Asked) -> str:
    due = f"\nuntil {approval.due}" if approval.due else ""
    return (
        f"Run {approval.run_id} asks for your decision on {approval.name}"
        f" (frame {approval.opened}){due}:\n\n{approval.asked}"
    )


def _undecided(hub: Hub, approval: Asked, why: str) -> ToolError:
    with telling(hub):
        (question,) = hub.list_asks(approval.run_id, approval.name)
    approve, deny = (typed(command, hub.database) for command in question.commands.values())
    return failure(
        "NOT_DECIDED",
        f"{why}; {approval.name} of run {approval.run_id} still waits for a person",
        f"tell the person to type in a terminal of their own: {approve}\nor: {deny}",
    )
