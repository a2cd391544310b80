"""The page of a task: what was asked and said, and what came out."""

from __future__ import annotations

import shlex
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from pydantic import Field
from starlette.responses import Response

from smithers import waits
from smithers.changes import ENDED
from smithers.errors import SmithersError
from smithers.shapes import asks_agent, asks_person, decides, runs_command
from smithers.views import OPEN, SILENT
from smithers.web._problems import ProblemError
from smithers.web._routes import Call, Closed
from smithers.web.pages._about import about_task, expected_words
from smithers.web.pages._acts import may_retry
from smithers.web.pages._facts import every_ms
from smithers.web.pages._known_files import KnownFiles
from smithers.web.pages._outputs import output_of
from smithers.web.pages._page import Fields, form, only, page, redirect, render, typed
from smithers.web.pages._rail import find_group, rail_of
from smithers.web.pages._session import shown_messages, turns_of
from smithers.web.pages._texts import Part, Row, parts_of_text, rows_of_hunks
from smithers.web.pages._words import OWNER_GONE, STALLED, link_of, link_to_group, mark_of_task

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smithers.views import (
        AttemptView,
        ChangedFile,
        ChangedFiles,
        PastQuestion,
        TaskContext,
        TaskLine,
        TaskView,
    )

__all__ = ["ROUTES"]

_MOST_PROMPT = 400_000
_LOW_CHARS, _LOW_LINES = 600, 6
"""A prompt that is longer is shown in part at first."""


class TaskParameters(Closed):
    """Up to where the session is shown, if not its end."""

    before: str | None = Field(None, max_length=200)


class _Prompt(NamedTuple):
    """A text that an agent was given."""

    parts: list[Part]
    length: int
    left_out: int
    is_long: bool


class _Totals(NamedTuple):
    """What all attempts of a task used; `is_part`: an agent did not report its cost."""

    work_s: float
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    cost: Decimal | None
    is_part: bool


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
    try:
        return _shown(call)
    except ProblemError:
        group = find_group(call.hub.graph(call.run).root, call.path["task"])
        if group is None:
            raise
        return redirect(link_to_group(call.run, group))


def _shown(call: Call, *, notice: str = "", message: str = "", status: int = 200) -> Response:
    """The page of a task; with a `notice` if its form was refused, with the `message` in it."""
    look = call.hub.look(call.run)  # first, so that what follows is an event
    found = _found(call)
    key, line, caller = found.line.key, found.line, call.caller
    context = call.hub.task_context(call.run, key)
    is_open = line.state in OPEN and context.status not in ENDED
    is_agent = asks_agent(line.kind)
    files = _files(call, line) if found.attempts else None
    live = {"log": str(key)} | ({} if look.cursor is None else {"after": look.cursor})
    return render(
        call,
        "task.html",
        status=status,
        title=f"{key} of {call.run}",
        run=call.run,
        key=key,
        task=found,
        is_agent=is_agent,
        runs_command=runs_command(line.kind),
        decides=decides(line.kind),
        is_open=is_open,
        output=None if found.output is None else output_of(found.output.text()),
        files=files,
        shown_files=[] if files is None else list(_with_rows(files)),
        steers=is_agent and is_open and caller is not None and caller.may("approve"),
        retries=line.state in ("finished", "failed", "cancelled")
        and may_retry(call, look.standing.status, context.parent, is_owned=look.alive),
        command=typed(call, shlex.join(["smithers", "attach", call.run, str(key)])),
        notice=notice,
        message=message,
        live=f"/api/v1/runs/{call.run}/events?{urlencode(live)}",
        **_around(call, found, context),
        **_asked(call, found, context),
        **_session(call, found, files),
    )


def _around(call: Call, found: TaskView, context: TaskContext) -> dict[str, Any]:
    """The state of a task, the tasks around it, and what it used."""
    key, open_waits = found.line.key, {one.key: one for one in context.waits}
    wait = open_waits.get(key)
    is_ownerless = context.status == "stale" and found.line.state == "running"
    rail = rail_of(call.run, context.root, key, open_waits)
    return {
        "context": context,
        "rail": rail,
        "every_ms": every_ms(rail.total),
        "wait": wait,
        "mark": OWNER_GONE if is_ownerless else mark_of_task(found.line.state, wait),
        "about": list(about_task(found, wait)),
        "asks": wait is not None and wait.kind in waits.DECISIONS,
        "totals": _totals(found.attempts, context.until),
        "expected": expected_words(context),
    }


def _asked(call: Call, found: TaskView, context: TaskContext) -> dict[str, Any]:
    """What the agent or a person was asked, and what was decided."""
    hub, attempts = call.hub, found.attempts
    wait = next((one for one in context.waits if one.key == found.line.key), None)
    prompt = hub.prompt(call.run, attempts[0].serial) if attempts else None
    told = hub.prompt(call.run, attempts[-1].serial) if attempts[1:] else prompt
    decided = _decided(call, found) if wait is None else None
    question = wait.asked if wait is not None else None if decided is None else decided.asked
    return {
        "prompt": _prompt(prompt),
        "told": None if told == prompt else _prompt(told),
        "decided": decided,
        "question": parts_of_text(question) if question else None,
    }


def _prompt(text: str | None) -> _Prompt | None:
    if text is None:
        return None
    is_long = len(text) > _LOW_CHARS or text.count("\n") >= _LOW_LINES
    shown = parts_of_text(text[:_MOST_PROMPT])
    return _Prompt(shown, len(text), max(0, len(text) - _MOST_PROMPT), is_long)


def _decided(call: Call, found: TaskView) -> PastQuestion | None:
    """The last decision of a person on a task that asks one."""
    if not asks_person(found.line.kind) or found.line.state in OPEN:
        return None
    key = found.line.key
    for one in call.hub.past_questions(call.run, str(key)):
        if one.key == key and one.answer is not None and one.answer.get("by"):
            return one
    return None


def _session(call: Call, found: TaskView, files: ChangedFiles | None) -> dict[str, Any]:
    """What its attempts said and did, and the messages that they have not read there."""
    before = None
    if call.request.method == "GET":
        before = call.query_as(TaskParameters).before
    if not found.attempts:
        return {"log": None, "turns": [], "before": before, "last_at": None, "messages": ()}
    log = call.hub.log_page(call.run, str(found.line.key), before=before)
    folder = "" if files is None else files.folder
    turns = turns_of(log.events, found.attempts, found.messages, folder)
    read = shown_messages(turns)
    times = [block.returned or block.at for turn in turns[-1:] for block in turn.blocks]
    return {
        "log": log,
        "turns": turns,
        "before": before,
        "last_at": max((at for at in times if at is not None), default=None),
        "silent_for": SILENT,
        "stalled": STALLED,
        "messages": [one for one in found.messages if one.id not in read],
    }


def _totals(attempts: Sequence[AttemptView], end: datetime) -> _Totals:
    """What attempts have used, those that are running until `end`."""
    used = [one.usage for one in attempts]
    costs = [one.cost for one in used if one.cost is not None]
    return _Totals(
        work_s=sum(((one.ended_at or end) - one.started_at).total_seconds() for one in attempts),
        tokens_in=sum(one.tokens_in for one in used),
        tokens_out=sum(one.tokens_out for one in used),
        tokens_cached=sum(one.tokens_cached for one in used),
        cost=sum(costs, Decimal(0)) if costs else None,
        is_part=any(one.cost is None and one.tokens_in for one in used),
    )


_known = KnownFiles()


def _files(call: Call, line: TaskLine) -> ChangedFiles | None:
    def look() -> ChangedFiles | None:
        try:
            return call.hub.changed_files(call.run, str(line.key))
        except (SmithersError, OSError):  # the page is shown without them
            return None

    place = (str(call.hub.database), call.run, str(line.key), line.state)
    return _known.find(place, look)


def _with_rows(files: ChangedFiles) -> Iterator[_File]:
    for one in files.files:
        yield _File(one, list(rows_of_hunks(one.diff)))


def _steer(call: Call, given: Fields) -> Response:
    """Send a message to the agent, as the API does it."""
    key = _found(call).line.key
    message = only(given, "message")
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
