"""The tools of time travel: another future for a run, its frames, and what differs."""

from __future__ import annotations

import json
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from pydantic import Field

from mcp_server._errors import telling
from mcp_server._face import Face
from mcp_server._fitting import DEFAULT_TOKENS, MaxTokens, room_of
from mcp_server._models import Diff, ForkMade, Retried, Timeline
from mcp_server._reading import AfterRest, TaskName
from mcp_server._results import diff_of, timeline_of
from mcp_server._tools import RunId, known

__all__ = ["diff_runs", "fork_run", "get_timeline", "retry_task"]

_RESUMES = "call resume_run with this run_id; nothing of it runs before that"
FrameNumber = Annotated[
    int | None,
    Field(ge=0, le=2**53, description="A frame, as get_timeline numbers them; else the last one."),
]


def fork_run(
    ctx: Context[Face],
    run_id: RunId,
    request_id: Annotated[
        str,
        Field(
            description="A text of yours that names this fork. The same call with it again gives"
            " the same fork, so a call that got lost can be repeated.",
            min_length=1,
            max_length=200,
        ),
    ],
    frame: FrameNumber = None,
    set: Annotated[
        dict[str, Any] | None,
        Field(
            description="Outputs by task, instead of those that tasks have had; what read them"
            " runs again. What a person answered cannot be set."
        ),
    ] = None,
    rerun: Annotated[
        list[str] | None, Field(description="Tasks to run again, with what read their outputs.")
    ] = None,
    input: Annotated[
        dict[str, Any] | None,
        Field(description="Another input. What is finished stays, except with rerun."),
    ] = None,
) -> ForkMade:
    """Make a new run that has what a run had at a frame, and leave that run as it is. The fork ends
    before the first answer of a person: they are asked again, you cannot answer. Nothing runs until
    you call resume_run with the fork.
    """
    hub = known(ctx, run_id)
    with telling(hub):
        made, is_new = hub.fork_once(
            run_id,
            request_id=request_id,
            frame=frame,
            input=None if input is None else json.dumps(input, ensure_ascii=False),
            outputs={
                task: json.dumps(one, ensure_ascii=False) for task, one in (set or {}).items()
            },
            again=rerun or [],
        )
        now = hub.look(made.run_id)
    return ForkMade(
        run_id=made.run_id,
        source=made.source,
        frame=made.frame,
        notes=list(made.notes),
        made=is_new,
        status=now.standing.status,
        cursor=now.cursor,
        next=_RESUMES,
    )


def retry_task(
    ctx: Context[Face],
    run_id: RunId,
    task: TaskName,
    with_readers: Annotated[
        bool, Field(description="Run what read its output again as well.")
    ] = False,
) -> Retried:
    """Run a task again and continue its run, which may have finished or failed. A question to a
    person whose text read the task is asked again, and a step with an effect is asked about first.
    """
    hub = known(ctx, run_id)
    with telling(hub):
        hub.launch_retry(run_id, task, readers=with_readers)
        now = hub.look(run_id)
    return Retried(
        run_id=run_id,
        task=task,
        status=now.standing.status,
        cursor=now.cursor,
        next="call wait_run; a process was started that continues the run",
    )


def get_timeline(
    ctx: Context[Face],
    run_id: RunId,
    after: AfterRest = None,
    max_tokens: MaxTokens = DEFAULT_TOKENS,
) -> Timeline:
    """Get the frames of a run in order: why there is each, and what the run had used by then; and
    the forks of the run. A frame can be given to fork_run and diff_runs.
    """
    hub = known(ctx, run_id)
    with telling(hub):
        return Timeline.model_validate(timeline_of(hub, run_id, after, room_of(max_tokens)))


def diff_runs(
    ctx: Context[Face],
    old: RunId,
    new: Annotated[str, Field(description="The id of the other run; it may be the same one.")],
    old_frame: FrameNumber = None,
    new_frame: FrameNumber = None,
    everything: Annotated[
        bool, Field(description="Compare times, attempts, cost and run ids as well.")
    ] = False,
    after: AfterRest = None,
    max_tokens: MaxTokens = DEFAULT_TOKENS,
) -> Diff:
    """Compare two runs, or two frames of a run: states, outputs, prompts, the tree and the digest
    of the workflow's source.
    """
    hub = known(ctx, old)
    known(ctx, new)
    sides = (old, old_frame), (new, new_frame)
    with telling(hub):
        found = diff_of(hub, *sides, after, room_of(max_tokens), everything=everything)
        return Diff.model_validate(found)
