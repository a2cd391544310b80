"""The tools that start, steer and stop runs. Each is a call of `Hub` and its result.

Their docstrings are what a model reads.
"""

from __future__ import annotations

import json
import secrets
from typing import Annotated, Any

from mcp.server.elicitation import ElicitationResult
from mcp.server.mcpserver import Context, Resolve
from pydantic import Field

from mcp_server._errors import failure, telling
from mcp_server._face import Face, face_of
from mcp_server._models import Cancelled, Resumed, Started, Steered
from mcp_server._permitting import Permission, permission, permitted, startable
from smithers.hub import Hub, Look, Startable

__all__ = [
    "RunId",
    "cancel_run",
    "known",
    "resume_run",
    "start_run",
    "steer_run",
]

RunId = Annotated[str, Field(description="The id of the run, as start_run or list_runs gave it.")]
_SEES = "call wait_run with this run_id; the run continues whether or not anyone waits"
_FEW = 5


def start_run(
    ctx: Context[Face],
    workflow: Annotated[
        str,
        Field(description="A name from list_workflows, or FILE.py[:NAME] below the roots."),
    ],
    start: Annotated[Startable, Resolve(startable)],
    answered: Annotated[ElicitationResult[Permission], Resolve(permission)],
    input: Annotated[
        dict[str, Any] | None,
        Field(description="The workflow's input, as its input_schema says; {} if left out."),
    ] = None,
    request_id: Annotated[
        str | None,
        Field(
            description="A text of yours that names this start. A second start with it gives the"
            " first one's run, so a call that got lost can be repeated.",
            min_length=1,
            max_length=200,
        ),
    ] = None,
    cwd: Annotated[
        str | None,
        Field(description="The folder to run in, below the roots; else the first root."),
    ] = None,
) -> Started:
    """Start a run of a workflow, and return at once. The run has its own process and
    continues when this conversation ends. Then call wait_run.
    """
    face = face_of(ctx)
    permitted(face.hub, start, answered, "start_run")
    with telling(face.hub):
        launched = face.hub.launch(
            str(start.file),
            name=start.name,
            input=None if input is None else json.dumps(input, ensure_ascii=False),
            run_id=None if request_id else f"mcp-{secrets.token_hex(6)}",
            request_id=request_id,
            folder=start.folder,
        )
        now = face.hub.look(launched.run_id)
    return Started(
        run_id=launched.run_id,
        status=now.standing.status,
        workflow=now.standing.workflow,
        started=launched.pid is not None,
        cursor=now.cursor,
        next=_SEES,
    )


def cancel_run(ctx: Context[Face], run_id: RunId) -> Cancelled:
    """Cancel a run permanently, and stop its agents. It cannot be resumed."""
    hub = known(ctx, run_id)
    with telling(hub):
        return Cancelled(run_id=run_id, outcome=hub.cancel(run_id, by=hub.person().name))


def steer_run(
    ctx: Context[Face],
    run_id: RunId,
    task: Annotated[
        str, Field(description="The task whose agent is running, for example plan or review[2].")
    ],
    message: Annotated[
        str, Field(description="What to say to that agent.", min_length=1, max_length=20_000)
    ],
) -> Steered:
    """Send a message to the agent that is running a task, and return at once. The agent reads it
    between two steps, or is stopped and reads it in its session. If no agent is running, the next
    attempt reads it.
    """
    hub = known(ctx, run_id)
    with telling(hub):
        cursor = hub.newest(run_id)
        sent = hub.steer(run_id, task, message, by=hub.person().name)
        state = hub.message(run_id, sent.id).state
    return Steered(
        run_id=run_id,
        task=sent.task,
        iteration=list(sent.iteration),
        id=sent.id,
        state=state,
        cursor=cursor,
    )


def resume_run(ctx: Context[Face], run_id: RunId) -> Resumed:
    """Continue a run that failed, crashed or was stopped. What is finished is not run again. A run
    that waits for a person's decision is not resumed: it continues when the person has decided.
    """
    hub = known(ctx, run_id)
    with telling(hub):
        now = hub.look(run_id)
        why = _nothing_to_do(now)
        if not why:
            hub.launch_again(run_id)
            now = hub.look(run_id)
    return Resumed(
        run_id=run_id,
        status=now.standing.status,
        resumed=not why,
        why=why or "a process was started that continues the run; call wait_run",
        cursor=now.cursor,
    )


def _nothing_to_do(now: Look) -> str:
    """Why a run is not resumed; nothing if it can be."""
    if now.standing.status == "finished":
        return "it has finished"
    if now.alive:
        return "a process is running it already"
    if now.undecided:
        names = ", ".join(map(str, now.undecided[:_FEW]))
        more = f" and {len(now.undecided) - _FEW} more" if len(now.undecided) > _FEW else ""
        return f"it waits for a person's decision on {names}{more}; call list_asks"
    return ""


def known(ctx: Context[Face], run_id: str) -> Hub:
    """The runs of the server, once this one is among them."""
    hub = face_of(ctx).hub
    with telling(hub):
        found = hub.status(run_id)
    if found is None:
        shown = run_id if len(run_id) <= 64 else f"{run_id[:61]}..."
        where = f"in {hub.database}"
        raise failure("NOT_FOUND", f"there is no run {shown!r} {where}", "call list_runs")
    return hub
