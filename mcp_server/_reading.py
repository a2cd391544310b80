"""The tools that read. Their docstrings are what a model reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Context
from pydantic import Field

from mcp_server._errors import failure, nearest, telling
from mcp_server._face import Face, face_of
from mcp_server._fitting import DEFAULT_TOKENS, MaxTokens, room_of, size_of
from mcp_server._models import (
    Asks,
    Events,
    Explained,
    Listed,
    Run,
    TaskFound,
    Transcript,
    Workflows,
)
from mcp_server._results import (
    asks_of,
    explained,
    listed,
    run_of,
    task_of,
    workflow_of,
    workflows_of,
)
from mcp_server._tools import RunId, known
from smithers.hub import Hub, RunsQuery
from smithers.wire import transcript_json

__all__ = [
    "CURSOR",
    "explain_run",
    "get_events",
    "get_run",
    "get_task",
    "get_transcript",
    "list_asks",
    "list_runs",
    "list_workflows",
]

After = Annotated[
    str | None, Field(description="A cursor: only what came after it. Without it, from the first.")
]
AfterRest = Annotated[
    str | None, Field(description="The `rest` of an answer of this tool: what it left out.")
]
TaskName = Annotated[
    str,
    Field(description="The task's id; in a loop its last round, or one of them as review[2]."),
]
CURSOR = "give a cursor that get_events or wait_run gave for this run, or leave out after"


def list_workflows(
    ctx: Context[Face],
    workflow: Annotated[
        str | None, Field(description="Only this one, with its JSON Schema and its description.")
    ] = None,
    after: AfterRest = None,
    max_tokens: MaxTokens = DEFAULT_TOKENS,
) -> Workflows:
    """List the workflows that start_run can start by name, each in a line with the fields of its
    input. Name one for the JSON Schema of its input.
    """
    face = face_of(ctx)
    room = room_of(max_tokens)
    found = face.hub.workflows(face.roots.files())
    named = [{**one, "called": _called(one, found)} for one in found if "error" not in one]
    if workflow is None:
        broken = [one for one in found if "error" in one]
        told = workflows_of(face.hub, [*named, *broken], face.roots.folders, after, room)
        return Workflows.model_validate(told)
    for one in named:
        if workflow in (one["called"], one["workflow"], one["name"]):
            return Workflows.model_validate(workflow_of(face.hub, one, after, room))
    raise failure(
        "NOT_FOUND",
        f"there is no workflow {workflow!r}",
        nearest(workflow, [one["called"] for one in named]) or "call list_workflows without it",
    )


def _called(one: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> str:
    """What start_run is to be called with: as short as it can be and mean this one alone."""
    file = Path(one["file"])
    alike = [Path(each["file"]) for each in found if Path(each["file"]).stem == file.stem]
    which = str(file) if any(each != file for each in alike) else file.stem
    return which if alike.count(file) == 1 else f"{which}:{one['name']}"


def get_run(
    ctx: Context[Face],
    run_id: RunId,
    after: AfterRest = None,
    max_tokens: MaxTokens = DEFAULT_TOKENS,
) -> Run:
    """Get the state of a run: its tasks, its output once finished, what it waits for, the command
    with which a person unblocks it, and what its agents do.
    """
    hub = known(ctx, run_id)
    with telling(hub):
        told = hub.overview(run_id)
        return Run.model_validate(run_of(hub, told, after, room_of(max_tokens)))


def list_runs(
    ctx: Context[Face],
    status: Annotated[
        Literal["running", "waiting", "stale", "finished", "continued", "failed", "cancelled"]
        | None,
        Field(description="Only runs of this status."),
    ] = None,
    limit: Annotated[int, Field(ge=1, le=100)] = 20,
    children: Annotated[bool, Field(description="List child runs as well.")] = False,
    after: AfterRest = None,
    max_tokens: MaxTokens = DEFAULT_TOKENS,
) -> Listed:
    """List runs in short, newest first."""
    hub = face_of(ctx).hub
    statuses = () if status is None else (status,)
    query = RunsQuery(statuses=statuses, limit=limit, after=after, children=children)
    with telling(hub, "give the `rest` of an answer of list_runs as after" if after else ""):
        return Listed.model_validate(listed(hub, query, room_of(max_tokens)))


def get_task(
    ctx: Context[Face],
    run_id: RunId,
    task: TaskName,
    after: AfterRest = None,
    max_tokens: MaxTokens = DEFAULT_TOKENS,
) -> TaskFound:
    """Get one task of a run: its state, its output, its error, and its attempts."""
    hub = known(ctx, run_id)
    with telling(hub):
        found = task_of(hub, run_id, task, after, room_of(max_tokens))
        if found is not None:
            return TaskFound.model_validate(found)
    raise _no_task(hub, run_id, task)


def _no_task(hub: Hub, run_id: str, task: str) -> Exception:
    ids = list(dict.fromkeys(one.key.id for one in hub.states(run_id)))
    return failure("NOT_FOUND", f"run {run_id} has no task {task!r}", nearest(task, ids))


def get_transcript(
    ctx: Context[Face],
    run_id: RunId,
    task: TaskName,
    after: After = None,
    max_tokens: MaxTokens = DEFAULT_TOKENS,
) -> Transcript:
    """Read what the agent of a task said, the tools that it called and what those returned."""
    hub = known(ctx, run_id)
    with telling(hub):
        if hub.task(run_id, task) is None and hub.task(run_id, task.partition("[")[0]) is None:
            raise _no_task(hub, run_id, task)
        page = hub.transcript(run_id, task, after, room_of(max_tokens) - size_of(task))
    return Transcript.model_validate({"run_id": run_id, "task": task, **transcript_json(page)})


def get_events(
    ctx: Context[Face],
    run_id: RunId,
    after: After = None,
    max_tokens: MaxTokens = DEFAULT_TOKENS,
) -> Events:
    """Get what happened in a run, in order, a line each, a page at a time."""
    hub = known(ctx, run_id)
    with telling(hub, CURSOR):
        page = hub.event_lines(run_id, after, room_of(max_tokens))
    return Events(
        run_id=run_id,
        status=page.status,
        events=list(page.lines),
        cursor=page.cursor,
        more=page.more,
    )


def explain_run(
    ctx: Context[Face],
    run_id: RunId,
    after: AfterRest = None,
    max_tokens: MaxTokens = DEFAULT_TOKENS,
) -> Explained:
    """Explain why a run does not continue, in sentences, each with the tool or the command that
    helps.
    """
    hub = known(ctx, run_id)
    with telling(hub):
        return Explained.model_validate(explained(hub, run_id, after, room_of(max_tokens)))


def list_asks(
    ctx: Context[Face],
    run_id: Annotated[str | None, Field(description="Only questions of this run.")] = None,
    task: Annotated[
        str | None, Field(description="Only that of this task of the run, as ship or review[2].")
    ] = None,
    after: AfterRest = None,
    max_tokens: MaxTokens = DEFAULT_TOKENS,
) -> Asks:
    """List the open questions that wait for a person, of all runs, each with its text and with the
    command by which a person decides it. Name a run and a task for a question that was too long.
    """
    hub = face_of(ctx).hub if run_id is None else known(ctx, run_id)
    with telling(hub):
        return Asks.model_validate(asks_of(hub, run_id, task, after, room_of(max_tokens)))
