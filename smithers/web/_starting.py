"""The routes that start runs: new ones, forks, retries, and those that continue."""

from __future__ import annotations

import json
import secrets
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from smithers.engine.detaching import Launched as LaunchedRun
from smithers.errors import Untrusted
from smithers.hub import Forked, Startable
from smithers.views import Status
from smithers.web._answering import Iteration, TaskName, task_of
from smithers.web._routes import Call, Given, Json, post
from smithers.wire import forked_json, launched_json

__all__ = ["BAD_ID", "ROUTES", "ForkBody", "RunBody", "fork", "start", "trusting"]

BAD_ID = "an id has letters, digits, dots, underscores and dashes, at most 64"
_RunId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class RunBody(Given):
    """What to start: a name of `/api/v1/workflows`, or FILE.py[:NAME] in a folder of the server."""

    workflow: Annotated[str, Field(min_length=1, max_length=1_000)]
    input: dict[str, Any] | None = None
    run_id: _RunId | None = None
    cwd: Annotated[str, Field(min_length=1, max_length=1_000)] | None = None
    max_concurrency: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class ResumeBody(Given):
    """Nothing is needed to resume a run."""


class RetryBody(Given):
    """A task that runs again; with `with_readers`, what read its output as well."""

    task: TaskName
    iteration: Iteration | None = None
    with_readers: bool = False


class ForkBody(Given):
    """A fork at a frame (default: the last). `set` are outputs by task, `rerun` tasks that run
    again. With `up` it is started.
    """

    frame: Annotated[int, Field(ge=0, le=2**53)] | None = None
    run_id: _RunId | None = None
    input: dict[str, Any] | None = None
    set: dict[TaskName, Any] = Field({}, max_length=1_000)
    rerun: list[TaskName] = Field([], max_length=1_000)
    up: bool = False


class Launched(TypedDict):
    """A run in a process of its own, as `smithers up --detach --json` prints it."""

    version: Literal[1]
    run_id: str
    status: Status
    pid: int | None
    log: str


class ForkMade(TypedDict):
    """A fork, as `smithers fork RUN --json` prints it."""

    version: Literal[1]
    run_id: str
    source: str
    frame: int
    notes: list[str]


def _start(call: Call) -> Json:
    launched = start(call, call.body_as(RunBody))
    return launched_json(launched, call.hub.summary(launched.run_id))


def start(call: Call, given: RunBody) -> LaunchedRun:
    """Start the run that a caller asks for, with an id that tells who started it if none is given.
    Raises `Untrusted` if its folder is not trusted, and what `Hub.launch` raises.
    """
    hub = call.hub
    found = call.server.roots.find(hub, given.workflow, given.cwd)
    if not (hub.may_import(found.file.parent) and hub.may_import(found.folder)):
        raise _untrusted(call, found)
    is_named = given.run_id is not None or call.key is None
    return hub.launch(
        str(found.file),
        name=found.name,
        input=None if given.input is None else json.dumps(given.input),
        run_id=(given.run_id or f"http-{secrets.token_hex(6)}") if is_named else None,
        request_id=None if is_named else f"http {json.dumps([call.by, call.key])}",
        folder=found.folder,
        max_concurrency=given.max_concurrency,
    )


def _untrusted(call: Call, start: Startable) -> Untrusted:
    command = trusting(call, [start.file.parent, start.folder])
    return Untrusted(
        f"{start.file} is in a folder that the user of this server has not trusted yet",
        hint=f"look at it, and type `{command}` in a terminal",
    )


def trusting(call: Call, folders: Iterable[Path]) -> str:
    """The command that trusts the files of these folders for the database of this server."""
    command = f"smithers trust {shlex.quote(str(call.hub.database.absolute()))}"
    for folder in dict.fromkeys(folders):
        command += f" --folder {shlex.quote(str(folder))}"
    return command


def _resume(call: Call) -> Json:
    launched = call.hub.launch_again(call.run)
    return launched_json(launched, call.hub.summary(launched.run_id))


def _retry(call: Call) -> Json:
    given = call.body_as(RetryBody)
    task = task_of(given.task, given.iteration) or ""
    launched = call.hub.launch_retry(call.run, task, readers=given.with_readers)
    return launched_json(launched, call.hub.summary(launched.run_id))


def _fork(call: Call) -> Json:
    given = call.body_as(ForkBody)
    made = fork(call, given)
    if given.up:
        call.hub.launch_again(made.run_id)
    return forked_json(made)


def fork(call: Call, given: ForkBody) -> Forked:
    """Make the fork of the run of a call that a caller asks for."""
    return call.hub.fork(
        call.run,
        frame=given.frame,
        new_id=given.run_id,
        input=None if given.input is None else json.dumps(given.input),
        outputs={task: json.dumps(value) for task, value in given.set.items()},
        again=given.rerun,
        by=call.by,
        caller=call.caller,
    )


_STATUSES = (404, 409, 422)

ROUTES = (
    post(
        "",
        "start_run",
        "Start a run in a separate process, as `smithers up --detach` does.",
        "run",
        _start,
        RunBody,
        Launched,
        status=201,
        statuses=_STATUSES,
    ),
    post(
        "/{run}/resume",
        "resume_run",
        "Resume a run, as `smithers resume RUN --detach` does.",
        "run",
        _resume,
        ResumeBody,
        Launched,
        statuses=_STATUSES,
    ),
    post(
        "/{run}/retries",
        "retry_task",
        "Run a task again, as `smithers retry RUN TASK --detach` does.",
        "run",
        _retry,
        RetryBody,
        Launched,
        statuses=_STATUSES,
    ),
    post(
        "/{run}/forks",
        "fork_run",
        "Make a fork, as `smithers fork RUN` does.",
        "run",
        _fork,
        ForkBody,
        ForkMade,
        status=201,
        statuses=_STATUSES,
    ),
)
