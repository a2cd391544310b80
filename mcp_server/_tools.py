"""The tools that start, read and stop runs. Each is a call of `Hub` and a way to tell its result.

Their docstrings are what a model reads.
"""

from __future__ import annotations

import getpass
import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from mcp.server.elicitation import ElicitationResult
from mcp.server.mcpserver import Context, Resolve
from pydantic import Field

from mcp_server._errors import failure, telling
from mcp_server._face import Face, face_of
from mcp_server._models import (
    Cancelled,
    Events,
    Explained,
    Listed,
    Resumed,
    Run,
    Started,
    Steered,
    TaskFound,
    Workflows,
)
from mcp_server._permitting import Permission, permission, permitted, startable
from mcp_server._results import event_page, explained, listed, run_of, task_of
from mcp_server._roots import Startable
from smithers.hub import Hub

__all__ = [
    "CURSOR",
    "RunId",
    "cancel_run",
    "explain_run",
    "get_events",
    "get_run",
    "get_task",
    "list_runs",
    "list_workflows",
    "login",
    "resume_run",
    "start_run",
    "steer_run",
]

RunId = Annotated[str, Field(description="The id of the run, as start_run or list_runs gave it.")]
After = Annotated[
    str | None, Field(description="A cursor: only what came after it. Without it, from the first.")
]
CURSOR = "give a cursor that get_events or wait_run gave for this run, or leave out after"
_SEES = "call wait_run with this run_id; the run goes on whether anyone waits or not"


def list_workflows(ctx: Context[Face]) -> Workflows:
    """List the workflows that start_run can start by name, with the JSON Schema of their input."""
    face = face_of(ctx)
    found = face.hub.workflows(face.roots.files())
    return Workflows.model_validate(
        {
            "workflows": [
                {
                    "workflow": _named(one, found),
                    **{name: one[name] for name in ("file", "description", "input_schema")},
                }
                for one in found
                if "error" not in one
            ],
            "broken": [
                {
                    "file": one["error"]["place"] or one["file"],
                    "message": one["error"]["message"],
                }
                for one in found
                if "error" in one
            ],
            "roots": list(map(str, face.roots.folders)),
        }
    )


def _named(one: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> str:
    """What start_run is to be called with: as short as it can be and mean this one alone."""
    file = Path(one["file"])
    alike = [Path(each["file"]) for each in found if Path(each["file"]).stem == file.stem]
    which = str(file) if any(each != file for each in alike) else file.stem
    return which if alike.count(file) == 1 else f"{which}:{one['name']}"


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
    """Start a run of a workflow, and return at once. The run lives in a process of its own: it goes
    on when this conversation ends. Then call wait_run.
    """
    face = face_of(ctx)
    permitted(face.hub, start, answered)
    with telling(face.hub):
        launched = face.hub.launch(
            str(start.file),
            name=start.name,
            input=None if input is None else json.dumps(input, ensure_ascii=False),
            run_id=None if request_id else f"mcp-{secrets.token_hex(6)}",
            request_id=request_id,
            folder=start.folder,
        )
        standing = face.hub.standing(launched.run_id)
        cursor = face.hub.newest(launched.run_id)
    return Started(
        run_id=launched.run_id,
        status=standing.status,
        workflow=standing.workflow,
        started=launched.pid is not None,
        cursor=cursor,
        next=_SEES,
    )


def get_run(ctx: Context[Face], run_id: RunId) -> Run:
    """Get how a run stands: its tasks, its output once finished, what it waits for, and the command
    with which a person unblocks it.
    """
    hub = known(ctx, run_id)
    with telling(hub):
        return Run.model_validate(run_of(hub, run_id))


def list_runs(
    ctx: Context[Face],
    status: Annotated[
        Literal["running", "waiting", "stale", "finished", "failed", "cancelled"] | None,
        Field(description="Only runs of this status."),
    ] = None,
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
) -> Listed:
    """List runs in short, newest first."""
    hub = face_of(ctx).hub
    with telling(hub):
        return Listed.model_validate(listed(hub, status, limit))


def get_task(
    ctx: Context[Face],
    run_id: RunId,
    task: Annotated[
        str,
        Field(description="The task's id; in a loop its last round, or one of them as review[2]."),
    ],
) -> TaskFound:
    """Get one task of a run: its state, its output, its error, and its attempts."""
    hub = known(ctx, run_id)
    with telling(hub):
        if (found := task_of(hub, run_id, task)) is not None:
            return TaskFound.model_validate(found)
        ids = list(dict.fromkeys(one["id"] for one in hub.states(run_id)))
    shown = ", ".join(ids[:50]) + (" …" if len(ids) > 50 else "")
    raise failure("NOT_FOUND", f"run {run_id} has no task {task!r}", f"its tasks are: {shown}")


def get_events(
    ctx: Context[Face],
    run_id: RunId,
    after: After = None,
    limit: Annotated[int, Field(ge=1, le=500)] = 100,
) -> Events:
    """Get what happened in a run, in order, a page at a time."""
    hub = known(ctx, run_id)
    with telling(hub, CURSOR):
        return Events.model_validate(event_page(hub, run_id, after, limit))


def explain_run(ctx: Context[Face], run_id: RunId) -> Explained:
    """Explain why a run does not go on, in sentences, each with the command that helps."""
    hub = known(ctx, run_id)
    with telling(hub):
        return Explained.model_validate(explained(hub, run_id))


def cancel_run(ctx: Context[Face], run_id: RunId) -> Cancelled:
    """Cancel a run for good, and stop its agents. It cannot be resumed."""
    hub = known(ctx, run_id)
    with telling(hub, "call get_run to see how it ended"):
        return Cancelled(run_id=run_id, outcome=hub.cancel(run_id, by=login()))


def steer_run(
    ctx: Context[Face],
    run_id: RunId,
    task: Annotated[
        str, Field(description="The task whose agent is at work, as in plan or review[2].")
    ],
    message: Annotated[
        str, Field(description="What to say to that agent.", min_length=1, max_length=20_000)
    ],
) -> Steered:
    """Say something to the agent that is at work on a task, and return at once. It takes that in
    between two steps, or is stopped and told in its session; the next attempt is told otherwise.
    """
    hub = known(ctx, run_id)
    with telling(hub):
        cursor = hub.newest(run_id)
        sent = hub.steer(run_id, task, message, by=login())
        state = hub.message(run_id, sent.id)["state"]
    return Steered(
        run_id=run_id,
        task=sent.task,
        iteration=list(sent.iteration),
        id=sent.id,
        state=state,
        cursor=cursor,
    )


def resume_run(ctx: Context[Face], run_id: RunId) -> Resumed:
    """Go on with a run that failed, crashed or was stopped. What is finished is not run again. A
    run that waits for a person's approval goes on when that is given; resuming it gives nothing.
    """
    hub = known(ctx, run_id)
    with telling(hub):
        resumed = not (hub.attention(run_id)[0] or hub.status(run_id) == "finished")
        if resumed:
            hub.launch_again(run_id)
        status = str(hub.status(run_id))
        return Resumed(run_id=run_id, status=status, resumed=resumed, cursor=hub.newest(run_id))


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


def login() -> str:
    """Who runs this server."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
