"""The page of a task: what was asked and said, and what came out."""

from __future__ import annotations

from pydantic import Field
from starlette.responses import Response

from smithers import waits
from smithers.web._problems import ProblemError
from smithers.web._routes import Call, Closed
from smithers.web.pages._page import page, render
from smithers.web.pages._texts import parts_of_text, text_of
from smithers.web.pages._words import mark_of_task

__all__ = ["ROUTES"]

_CHARACTERS = 60_000
_MOST_OUTPUT = 200_000


class TaskParameters(Closed):
    """From where on the transcript is shown."""

    after: str | None = Field(None, max_length=200)


def _task(call: Call) -> Response:
    hub, name = call.hub, call.path["task"]
    cursor = hub.look(call.run).cursor
    if (found := hub.task(call.run, name)) is None:
        raise ProblemError(
            404,
            f"run {call.run} has no task {name!r}",
            kind="UnknownTask",
            hint="the page of the run has all of them",
        )
    key = found.line.key
    after = call.query_as(TaskParameters).after
    attempts = found.attempts
    said = hub.transcript(call.run, str(key), after, _CHARACTERS) if attempts else None
    wait = next((one for one in hub.summary(call.run).waiting_for if one.key == key), None)
    output = None if found.output is None else text_of(found.output.text())
    prompt = hub.prompt(call.run, attempts[-1].serial) if attempts else None
    return render(
        call,
        "task.html",
        title=f"{key} of {call.run}",
        run=call.run,
        key=key,
        task=found,
        mark=mark_of_task(found.line.state, wait),
        wait=wait,
        asks=wait is not None and wait.kind in waits.DECISIONS,
        prompt=None if prompt is None else parts_of_text(prompt),
        prompt_length=len(prompt or ""),
        is_agent=prompt is not None,
        said=said,
        after=after,
        output=None if output is None else parts_of_text(output[:_MOST_OUTPUT]),
        left_out=max(0, len(output or "") - _MOST_OUTPUT),
        live=f"/api/v1/runs/{call.run}/events{'' if cursor is None else f'?after={cursor}'}",
    )


ROUTES = (
    page(
        "/runs/{run}/tasks/{task}",
        "task_page",
        "A task of a run, for a browser.",
        _task,
        query=TaskParameters,
    ),
)
