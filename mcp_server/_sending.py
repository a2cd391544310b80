"""`send_event`: a signal to a run, which the task that waits for the event takes."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from mcp_server._answering import go_on
from mcp_server._errors import telling
from mcp_server._face import Face
from mcp_server._models import AnyJson, SentEvent
from mcp_server._tools import RunId, known

__all__ = ["send_event"]


def send_event(
    ctx: Context[Face],
    run_id: RunId,
    event: Annotated[
        str,
        Field(
            description="The name of the event, as get_run says it in waiting_for.",
            min_length=1,
            max_length=200,
        ),
    ],
    data: Annotated[AnyJson, Field(description="The data of the event, any JSON.")] = None,
    correlation: Annotated[
        str | None,
        Field(description="Only a task that waits for the event with this correlation takes it."),
    ] = None,
    id: Annotated[
        str | None,
        Field(
            description="A text of yours that names this event. A run keeps it once, so a call that"
            " got lost can be repeated."
        ),
    ] = None,
) -> SentEvent:
    """Send an event to a run, and return at once. The task that waits for it takes it, and the run
    continues; if none does yet, it is kept for the next one. Data that does not fit is refused.
    """
    hub = known(ctx, run_id)
    with telling(hub):
        cursor = hub.newest(run_id)
        sent = hub.send(run_id, event, data, correlation=correlation, id=id, by=hub.person().name)
    if sent.taker is not None:
        go_on(hub, run_id)
    outcome = "sent" if sent.taker is not None else "kept"
    return SentEvent(
        run_id=run_id,
        id=sent.id,
        event=sent.event,
        outcome=outcome if sent.is_new else "already sent",
        task=sent.taker,
        waits_for=list(sent.waits_for),
        status=str(hub.status(run_id)),
        cursor=cursor,
    )
