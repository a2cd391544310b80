"""The page of a task: what was asked and said, and what came out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple, cast
from urllib.parse import urlencode

from pydantic import Field
from starlette.responses import Response

from smithers import waits
from smithers.changes import ENDED
from smithers.errors import SmithersError
from smithers.texts import from_json, json_text
from smithers.views import OPEN
from smithers.web._problems import ProblemError
from smithers.web._routes import Call, Closed
from smithers.web.pages._acts import acts_of
from smithers.web.pages._page import Fields, form, page, redirect, render
from smithers.web.pages._session import Turn, turns_of
from smithers.web.pages._texts import Part, Row, parts_of_text, rows_of_hunks
from smithers.web.pages._words import link_of, mark_of_task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from smithers.views import ChangedFile, ChangedFiles, LogPage, TaskLine, TaskView

__all__ = ["ROUTES"]

_MOST_OUTPUT, _MOST_PROMPT = 200_000, 400_000
_FILES_S = 3.0
"""How long the files that were found count: a page that is live is made again at each event."""
_AGENT = ("task",)


class TaskParameters(Closed):
    """Up to where the session is shown, if not its end."""

    before: str | None = Field(None, max_length=200)


class _Output(NamedTuple):
    """A field of an output, or the whole of it."""

    name: str
    parts: list[Part]


class _File(NamedTuple):
    file: ChangedFile
    rows: list[Row]

    @property
    def added(self) -> int:
        return sum(row.kind == "added" for row in self.rows)

    @property
    def removed(self) -> int:
        return sum(row.kind == "removed" for row in self.rows)


def _found(call: Call) -> TaskView:
    name = call.path["task"]
    if (found := call.hub.task(call.run, name)) is not None:
        return found
    raise ProblemError(
        404,
        f"run {call.run} has no task {name!r}",
        kind="UnknownTask",
        hint="the page of the run has all of them",
    )


def _task(call: Call) -> Response:
    return _shown(call)


def _shown(call: Call, *, notice: str = "", message: str = "", status: int = 200) -> Response:
    """The page of a task; with a `notice` if its form was refused, with the `message` in it."""
    hub = call.hub
    cursor = hub.look(call.run).cursor  # first, so that what follows it is told
    found = _found(call)
    key, attempts, before = found.line.key, found.attempts, None
    if call.request.method == "GET":
        before = call.query_as(TaskParameters).before
    log = hub.log_page(call.run, str(key), before=before) if attempts else None
    summary = hub.summary(call.run)
    wait = next((one for one in summary.waiting_for if one.key == key), None)
    is_open = found.line.state in OPEN and summary.status not in ENDED
    prompt = hub.prompt(call.run, attempts[0].serial) if attempts else None
    told = hub.prompt(call.run, attempts[-1].serial) if attempts[1:] else prompt
    outputs, left_out = _outputs(found)
    files = _files(call, found.line) if attempts else None
    live = {"log": str(key)} | ({} if cursor is None else {"after": cursor})
    caller = call.caller
    is_agent = found.line.kind in _AGENT
    return render(
        call,
        "task.html",
        status=status,
        title=f"{key} of {call.run}",
        run=call.run,
        key=key,
        task=found,
        mark=mark_of_task(found.line.state, wait),
        wait=wait,
        asks=wait is not None and wait.kind in waits.DECISIONS,
        question=parts_of_text(wait.asked) if wait is not None and wait.asked else None,
        prompt=None if prompt is None else parts_of_text(prompt[:_MOST_PROMPT]),
        prompt_length=len(prompt or ""),
        told=None if told is None or told == prompt else parts_of_text(told[:_MOST_PROMPT]),
        prompt_left=max(0, len(prompt or "") - _MOST_PROMPT),
        is_agent=is_agent,
        is_open=is_open,
        turns=_turns(log),
        log=log,
        before=before,
        outputs=outputs,
        left_out=left_out,
        work_s=sum(
            (one.ended_at - one.started_at).total_seconds()
            for one in attempts
            if one.ended_at is not None
        ),
        files=files,
        shown_files=[] if files is None else list(_with_rows(files)),
        steers=is_agent and is_open and caller is not None and caller.may("approve"),
        retries=found.line.state in ("finished", "failed", "cancelled")
        and acts_of(call, hub.inspect(call.run).run, hub.why(call.run)).retry,
        notice=notice,
        message=message,
        live=f"/api/v1/runs/{call.run}/events?{urlencode(live)}",
    )


def _turns(log: LogPage | None) -> list[Turn]:
    return [] if log is None else turns_of(log.events)


def _outputs(found: TaskView) -> tuple[list[_Output], int]:
    """The output by its fields, and how many characters of it are not shown."""
    if found.output is None:
        return [], 0
    data: object = from_json(found.output.text())
    fields: Iterable[tuple[str, object]] = [("", data)]
    if isinstance(data, dict) and data:
        fields = cast("dict[str, object]", data).items()
    shown, left, left_out = list[_Output](), _MOST_OUTPUT, 0
    for name, value in fields:
        text = value if isinstance(value, str) else json_text(value, indent=2)
        shown.append(_Output(name, parts_of_text(text[:left])))
        left_out += max(0, len(text) - left)
        left = max(0, left - len(text))
    return shown, left_out


_known: dict[tuple[str, str, str, str], tuple[float, ChangedFiles | None]] = {}


def _files(call: Call, line: TaskLine) -> ChangedFiles | None:
    task = str(line.key)
    at = (str(call.hub.database), call.run, task, line.state)
    if (known := _known.get(at)) is not None and known[0] > time.monotonic():
        return known[1]
    began = time.monotonic()
    try:
        found = call.hub.changed_files(call.run, task)
    except (SmithersError, OSError):  # the page is shown without them
        found = None
    if len(_known) > 64:
        _known.clear()
    took_s = time.monotonic() - began
    _known[at] = (time.monotonic() + max(_FILES_S, 4 * took_s), found)
    return found


def _with_rows(files: ChangedFiles) -> Iterator[_File]:
    for one in files.files:
        yield _File(one, list(rows_of_hunks(one.diff)))


def _steer(call: Call, given: Fields) -> Response:
    """Send a message to the agent, as the API does it."""
    key = _found(call).line.key
    message = next(iter(given.get("message", ())), "")
    try:
        call.hub.steer(call.run, str(key), message, by=call.by)
    except SmithersError as error:
        hint = call.hub.complete(error.hint) if error.hint else ""
        said = f"{error.said}. {hint}" if hint else error.said
        return _shown(call, notice=said, message=message, status=422)
    return redirect(f"{link_of(call.run, key)}#messages")


ROUTES = (
    page(
        "/runs/{run}/tasks/{task}",
        "task_page",
        "A task of a run, for a browser.",
        _task,
        query=TaskParameters,
    ),
    form(
        "/runs/{run}/tasks/{task}/messages",
        "message_form",
        "Send a message to the agent of a task.",
        _steer,
        scope="approve",
    ),
)
