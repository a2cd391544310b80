"""The routes that read. Each answers with the JSON that the command line prints for the same."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, Field, Strict

from smithers.callers import Scope
from smithers.hub import RunsQuery
from smithers.store.rows import time_text
from smithers.views import Status
from smithers.web import _shapes, _shapes_of_history
from smithers.web._problems import ProblemError
from smithers.web._routes import (
    Call,
    Closed,
    Flag,
    Handler,
    Json,
    NoParameters,
    Route,
    number_of,
)
from smithers.wire import (
    audit_json,
    changed_files_json,
    cost_json,
    diff_json,
    graph_json,
    inspection_json,
    line_json,
    question_json,
    run_line_json,
    source_json,
    summary_json,
    task_json,
    timeline_parts,
    transcript_json,
    why_json,
)

__all__ = ["ROUTES"]

_PAGE, _MOST = 50, 200
_MOST_ROWS = 1_000
_MOST_FRAME = 2**53
_Frame = Annotated[int, Strict(), Field(ge=0, le=_MOST_FRAME), BeforeValidator(number_of)]
_TASK = Field(None, description="Only this task, such as ship or review[2].", max_length=250)


def _time(given: object) -> object:
    """A time is a text; pydantic takes a number for seconds as well."""
    if "T" not in str(given).upper():
        raise ValueError("must be a date and a time, such as 2026-11-01T12:00:00Z")
    return given


class RunsParameters(Closed):
    """Which runs are listed."""

    status: list[Status] = Field([], description="Only runs of these statuses.", max_length=20)
    workflow: str | None = Field(None, description="Only runs of this workflow.", max_length=200)
    q: str | None = Field(
        None, description="Only runs whose id, workflow, input or error has this.", max_length=200
    )
    since: Annotated[AwareDatetime, BeforeValidator(_time)] | None = Field(
        None, description="Only runs started since then."
    )
    limit: Annotated[int, Strict(), Field(ge=1, le=_MOST), BeforeValidator(number_of)] = Field(
        _PAGE, description="How many runs."
    )
    after: str | None = Field(None, description="The `cursor` of the page before.", max_length=200)
    children: Flag = Field(False, description="List child runs as well.")


class AsksParameters(Closed):
    """Which questions are listed."""

    run: str | None = Field(None, description="Only those of this run.", max_length=64)
    task: str | None = _TASK


class AuditParameters(Closed):
    """Which changes are listed."""

    run: str | None = Field(None, description="Only those of this run.", max_length=64)
    after: str | None = Field(None, description="The `cursor` of the page before.", max_length=64)
    limit: Annotated[int, Strict(), Field(ge=1, le=_MOST_ROWS), BeforeValidator(number_of)] = Field(
        100, description="How many."
    )


class TranscriptParameters(Closed):
    """Which page of a transcript."""

    after: str | None = Field(None, description="The `cursor` of the page before.", max_length=200)
    characters: Annotated[
        int, Strict(), Field(ge=1_000, le=1_000_000), BeforeValidator(number_of)
    ] = Field(100_000, description="How large the page may be.")


class DiffParameters(Closed):
    """What a run is compared with."""

    frame: _Frame | None = Field(None, description="The frame of the run (default: its last).")
    to: str | None = Field(None, description="The other run (default: the same).", max_length=64)
    to_frame: _Frame | None = Field(
        None, description="The frame of the other run (default: its last)."
    )
    all: Flag = Field(False, description="Compare times, attempts, cost and run ids as well.")


class SourceParameters(Closed):
    """Which source."""

    frame: _Frame | None = Field(None, description="As of this frame (default: the last).")


def _runs(call: Call) -> Json:
    given = call.query_as(RunsParameters)
    query = RunsQuery(
        statuses=tuple(given.status),
        workflow=given.workflow,
        text=given.q,
        since=None if given.since is None else time_text(given.since),
        limit=given.limit,
        after=given.after,
        children=given.children,
    )
    page = call.hub.list_runs(query)
    listed = [run_line_json(run) for run in page.runs]
    document: Json = {"version": 1, "runs": listed, "more": page.more > 0, "cursor": page.cursor}
    return {**document, "children": page.children} if page.children else document


def _run(call: Call) -> Json:
    with call.hub.inspecting(call.run) as found:
        return inspection_json(found)


def _frame(call: Call) -> Json:
    with call.hub.inspecting(call.run, frame=int(call.path["frame"])) as found:
        return inspection_json(found)


def _summary(call: Call) -> Json:
    return summary_json(call.hub.summary(call.run))


def _tasks(call: Call) -> Json:
    lines = [line_json(one) for one in call.hub.states(call.run)]
    return {"version": 1, "run_id": call.run, "tasks": lines}


def _task(call: Call) -> Json:
    if (found := call.hub.task(call.run, call.path["task"])) is None:
        raise _no_task(call)
    return {"version": 1, "run_id": call.run, "task": task_json(found)}


def _transcript(call: Call) -> Json:
    given, task = call.query_as(TranscriptParameters), call.path["task"]
    if call.hub.task(call.run, task) is None:
        raise _no_task(call)
    page = call.hub.transcript(call.run, task, given.after, given.characters)
    return {"version": 1, "run_id": call.run, "task": task, **transcript_json(page)}


def _files(call: Call) -> Json:
    task = call.path["task"]
    if (found := call.hub.changed_files(call.run, task)) is None:
        raise _no_task(call)
    return {"version": 1, "run_id": call.run, "task": task, **changed_files_json(found)}


def _no_task(call: Call) -> ProblemError:
    return ProblemError(
        404,
        f"run {call.run} has no task {call.path['task']!r}",
        kind="UnknownTask",
        hint=f"see /api/v1/runs/{call.run}/tasks",
    )


def _timeline(call: Call) -> Json:
    lineage = call.hub.lineage(call.run)
    with call.hub.frame_by_frame(call.run) as frames:
        parts = timeline_parts(call.run, frames, lineage)
        return {**parts, "frames": list(parts["frames"])}


def _diff(call: Call) -> Json:
    given = call.query_as(DiffParameters)
    old, new = (call.run, given.frame), (given.to or call.run, given.to_frame)
    return diff_json(call.hub.compare(old, new, everything=given.all))


def _graph(call: Call) -> Json:
    return graph_json(call.hub.graph(call.run))


def _cost(call: Call) -> Json:
    return cost_json(call.hub.cost(call.run))


def _why(call: Call) -> Json:
    told = why_json(call.hub.why(call.run))
    for reason in told["reasons"]:
        if "command" in reason:
            reason["command"] = _typed(call, reason["command"])
        if "hint" in reason:
            reason["hint"] = call.hub.complete(reason["hint"])
    return told


def _typed(call: Call, command: str) -> str:
    """A command for a person to type, on this database."""
    return call.hub.complete(f"`{command}`")[1:-1]


def _source(call: Call) -> Json:
    frame = call.query_as(SourceParameters).frame
    return source_json(call.hub.source(call.run, frame=frame))


def _asks(call: Call) -> Json:
    given = call.query_as(AsksParameters)
    if given.task is not None and given.run is None:
        raise ProblemError(422, "task needs run as well", kind="WrongParameters")
    found = call.hub.list_asks(given.run, given.task, ahead=True)
    asks: list[Json] = []
    for one in found:
        commands = {verb: _typed(call, text) for verb, text in one.commands.items()}
        asks.append({**question_json(one), "commands": commands})
    return {"version": 1, "asks": asks}


def _audit(call: Call) -> Json:
    given = call.query_as(AuditParameters)
    page = call.hub.audit_page(given.run, given.after, limit=given.limit)
    rows = [audit_json(one) for one in page.rows]
    return {"version": 1, "rows": rows, "more": page.more, "cursor": page.cursor}


def _workflows(call: Call) -> Json:
    found = call.hub.workflows(call.server.roots.files())
    return {"version": 1, "workflows": found}


def _reads(
    path: str,
    name: str,
    summary: str,
    handler: Handler,
    result: Any,
    query: type[Closed] = NoParameters,
    statuses: tuple[int, ...] = (409, 422),
    scope: Scope = "read",
) -> Route:
    return Route(
        method="GET",
        path=f"/api/v1{path}",
        name=name,
        summary=summary,
        scope=scope,
        handler=handler,
        result=result,
        query=query,
        statuses=statuses,
    )


ROUTES = (
    _reads(
        "/runs",
        "list_runs",
        "The runs, as `smithers ps --json` prints them: a page of the newest, oldest first.",
        _runs,
        _shapes.Runs,
        RunsParameters,
    ),
    _reads(
        "/runs/{run}",
        "get_run",
        "A run with its tasks, as `smithers inspect RUN --json` prints it.",
        _run,
        _shapes.Inspection,
    ),
    _reads(
        "/runs/{run}/summary",
        "get_summary",
        "The status of a run and its tasks' counts, as `smithers up --json` prints it.",
        _summary,
        _shapes.RunSummary,
    ),
    _reads(
        "/runs/{run}/tasks",
        "list_tasks",
        "The tasks of a run with their states.",
        _tasks,
        _shapes.Tasks,
    ),
    _reads(
        "/runs/{run}/tasks/{task}",
        "get_task",
        "One task with its output, its error, and its attempts with their answers.",
        _task,
        _shapes.Task,
    ),
    _reads(
        "/runs/{run}/tasks/{task}/transcript",
        "get_transcript",
        "What the agent of a task said and did, a page at a time.",
        _transcript,
        _shapes.Transcript,
        TranscriptParameters,
    ),
    _reads(
        "/runs/{run}/tasks/{task}/files",
        "get_files",
        "The files that have changed while a task ran, by git.",
        _files,
        _shapes.Files,
    ),
    _reads(
        "/runs/{run}/timeline",
        "get_timeline",
        "A run frame by frame, as `smithers timeline RUN --json` prints it.",
        _timeline,
        _shapes_of_history.Timeline,
    ),
    _reads(
        "/runs/{run}/frames/{frame}",
        "get_frame",
        "A run as it was at a frame, as `smithers show RUN@FRAME --json` prints it.",
        _frame,
        _shapes.Inspection,
    ),
    _reads(
        "/runs/{run}/diff",
        "diff_runs",
        "What differs from a run to another, as `smithers diff RUN RUN --json` prints it.",
        _diff,
        _shapes_of_history.Diff,
        DiffParameters,
    ),
    _reads(
        "/runs/{run}/graph",
        "get_graph",
        "The tree of a run, as `smithers graph RUN --json` prints it.",
        _graph,
        _shapes_of_history.Graph,
    ),
    _reads(
        "/runs/{run}/cost",
        "get_cost",
        "What a run used and cost, as `smithers cost RUN --json` prints it.",
        _cost,
        _shapes_of_history.Cost,
    ),
    _reads(
        "/runs/{run}/why",
        "explain_run",
        "What a run waits for or why it failed, as `smithers why RUN --json` prints it.",
        _why,
        _shapes_of_history.Why,
    ),
    _reads(
        "/runs/{run}/source",
        "get_source",
        "The author's files, as `smithers show RUN --source --json` prints them.",
        _source,
        _shapes_of_history.Source,
        SourceParameters,
    ),
    _reads(
        "/asks",
        "list_asks",
        "The open questions, as `smithers asks --json` prints them.",
        _asks,
        _shapes.Asks,
        AsksParameters,
        (404, 409, 422),
    ),
    _reads(
        "/audit",
        "list_audit",
        "Who changed what, as `smithers audit --json` prints it: a page, oldest first.",
        _audit,
        _shapes_of_history.Audit,
        AuditParameters,
        (404, 409, 422),
        scope="admin",
    ),
    _reads(
        "/workflows",
        "list_workflows",
        "The workflows that can be started by name.",
        _workflows,
        _shapes.Workflows,
    ),
)
