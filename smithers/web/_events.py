"""The routes that give events as they happen: server-sent events, or JSON lines.

Each stream is a client of the one feed, so the runs are read once for all of them. A stream ends
after a few minutes, so that none outlives a token that was revoked; its client connects again with
the id of the last message, and misses nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import anyio
from pydantic import ConfigDict, Field, with_config
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response
from typing_extensions import TypedDict

from smithers.errors import SmithersError
from smithers.views import Status
from smithers.web import _shapes
from smithers.web._problems import ProblemError
from smithers.web._routes import EVENTS, Call, Closed, Flag, Handler, Json, Route

if TYPE_CHECKING:
    from collections.abc import Generator

    from starlette.types import Message, Receive, Scope, Send

    from smithers.changes import Key
    from smithers.hub._feed import Batch, RunClient, RunsClient
    from smithers.hub._feed_blocks import Unit
    from smithers.hub._feed_runs import Changed

__all__ = ["ROUTES"]

T = TypeVar("T")

_LINES = "application/x-ndjson"
_LONGEST_S = 300.0
_RETRY_MS = 1000
"""After how long a browser connects again."""
_CLOSED = ConfigDict(extra="forbid")
_CHANGED = "changed"
"""The name of a message for those who show what changed, whose text is not shown itself."""
_END = ".end"
"""What follows the cursor in the id of the message that ends a run's events."""


@with_config(ConfigDict(extra="allow"))
class Event(TypedDict):
    """A frame with its cursor, as `smithers events RUN --json` prints it."""

    event: str


@with_config(_CLOSED)
class ChangedNode(TypedDict):
    """A node of which something changed; without a task, the run itself."""

    task: str | None
    iteration: list[int]


@with_config(_CLOSED)
class Events(_shapes.Document):
    """What happened in a run since the message before, and which nodes changed. `more` says that
    other events follow already.
    """

    run_id: str
    status: Status
    events: list[Event]
    cursor: str | None
    more: bool
    changed: list[ChangedNode]


@with_config(_CLOSED)
class ChangedRuns(_shapes.Document):
    """The runs that have changed since the message before; with `every`, list all again."""

    runs: list[str]
    every: bool
    cursor: str


@with_config(_CLOSED)
class Changes(_shapes.Document):
    """Which nodes of a run changed since the message before, for those who show them."""

    event: Literal["changed"]
    run_id: str
    status: Status
    cursor: str | None
    more: bool
    changed: list[ChangedNode]


@with_config(_CLOSED)
class End(_shapes.RunSummary):
    """How a run was left: the last of its events."""

    event: Literal["end"]


class EventsParameters(Closed):
    """From where on."""

    after: str | None = Field(
        None,
        description="What came after this `cursor` (default: from the start).",
        max_length=200,
    )
    keys: Flag = Field(
        False,
        description="Name the server-sent events `changed`; those of one run then only have the"
        " keys of what changed.",
    )


class RunEventsParameters(EventsParameters):
    """From where on, and whether a log counts."""

    log: str | None = Field(
        None,
        description="As `keys`, and this task has changed as well when its log has grown.",
        max_length=250,
    )


class _Stream(EventSourceResponse):
    """A response that lasts as long as its client of the feed."""

    def __init__(
        self,
        call: Call,
        stack: AsyncExitStack,
        parts: AsyncIterator[Any],
        *,
        is_lines: bool,
        keys: bool,
    ) -> None:
        media, ping = (_LINES, 0) if is_lines else (EVENTS, None)
        super().__init__(  # pyright: ignore[reportUnknownMemberType]  # dicts may be sent as well
            parts, media_type=media, ping=ping
        )
        self.ping_message_factory = _ping_of_page if keys else _ping
        self._call, self._stack = call, stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        async with self._stack:
            with anyio.move_on_after(_LONGEST_S) as lasting, _turn(self._call, lasting):
                await super().__call__(scope, receive, noted)
            if lasting.cancelled_caught:
                if not has_begun:  # another page of the browser took its place at once
                    await send({"type": "http.response.start", "status": 503, "headers": []})
                await send({"type": "http.response.body", "body": b"", "more_body": False})


def _ping() -> ServerSentEvent:
    return ServerSentEvent(comment="ping")


def _ping_of_page() -> ServerSentEvent:
    """A script does not see a comment, so it could not tell a dead connection from a quiet one."""
    return ServerSentEvent("{}", event="ping")


async def _run_events(call: Call) -> Response:
    given = _place_of(call)
    after = None if given is None else given.removesuffix(_END) or None
    async with AsyncExitStack() as stack:
        stack.enter_context(_counted(call))
        wanted, is_lines = call.query_as(RunEventsParameters), _wants_lines(call)
        log = None if is_lines else wanted.log
        client = await stack.enter_async_context(call.server.feed.of_run(call.run, after, log=log))
        if given is not None and given.endswith(_END) and await client.is_complete():
            return Response(status_code=204)  # a browser does not connect again
        keys = wanted.keys or log is not None
        parts = _lines_of_run(client) if is_lines else _messages_of_run(client, keys=keys)
        return _Stream(call, stack.pop_all(), parts, is_lines=is_lines, keys=keys)


async def _all_events(call: Call) -> Response:
    async with AsyncExitStack() as stack:
        stack.enter_context(_counted(call))
        client = await stack.enter_async_context(call.server.feed.of_all(_place_of(call)))
        is_lines = _wants_lines(call)
        keys = call.query_as(EventsParameters).keys
        parts = _lines_of_all(client) if is_lines else _messages_of_all(client, keys=keys)
        return _Stream(call, stack.pop_all(), parts, is_lines=is_lines, keys=keys)


def _place_of(call: Call) -> str | None:
    """Where the caller is. A browser repeats the address, so what it says beside that is newer."""
    last = call.request.headers.get("last-event-id")
    return last or call.query_as(EventsParameters).after or None


def _wants_lines(call: Call) -> bool:
    return _LINES in call.request.headers.get("accept", "").lower()


@contextmanager
def _counted(call: Call) -> Generator[None]:
    """Counts a stream of the caller. Raises `ProblemError` if it has too many."""
    streams, most = call.server.streams, call.server.streams_each
    if streams[call.by] >= most:
        raise ProblemError(
            429,
            f"{call.by} has {most} streams of events already",
            hint="close some of the pages or programs that follow runs",
            headers={"Retry-After": "5"},
        )
    streams[call.by] += 1
    try:
        yield
    finally:
        streams[call.by] -= 1
        if not streams[call.by]:
            del streams[call.by]


def _turn(call: Call, scope: anyio.CancelScope) -> AbstractContextManager[None]:
    """The turn of a stream of a browser, which another one of it may end; others have none."""
    if call.caller is None or call.caller.how != "session":
        return nullcontext()
    return call.server.turns.take(call.caller.id, scope)


async def _messages_of_run(client: RunClient, *, keys: bool) -> AsyncIterator[ServerSentEvent]:
    retry: int | None = _RETRY_MS
    async for batch in _until_left(client):
        if batch.end is not None:
            id = f"{batch.cursor or ''}{_END}"
            yield ServerSentEvent(batch.end, event="end", id=id)
        else:
            said = _keys(client, batch) if keys else _page(client.run_id, batch)
            name = _CHANGED if keys else None
            yield ServerSentEvent(said, event=name, id=batch.cursor, retry=retry)
        retry = None


async def _lines_of_run(client: RunClient) -> AsyncIterator[bytes]:
    async for batch in _until_left(client):
        if batch.end is not None:
            yield f"{batch.end}\n".encode()
        elif batch.units:
            yield "".join(_line(client.run_id, unit) for unit in batch.units).encode()


async def _messages_of_all(client: RunsClient, *, keys: bool) -> AsyncIterator[ServerSentEvent]:
    name = _CHANGED if keys else None
    retry: int | None = _RETRY_MS
    async for changed in _until_left(client):
        yield ServerSentEvent(_changed(changed), event=name, id=changed.id, retry=retry)
        retry = None


async def _lines_of_all(client: RunsClient) -> AsyncIterator[bytes]:
    async for changed in _until_left(client):
        yield f"{_changed(changed)}\n".encode()


async def _until_left(client: AsyncIterator[T]) -> AsyncIterator[T]:
    """All that a client gets. What ends it early is told to its next request."""
    try:
        async for one in client:
            yield one
    except SmithersError:
        return


def _page(run_id: str, batch: Batch) -> str:
    """A document of `Events`. Its events are texts already, made once for all clients."""
    masked = {name for unit in batch.units for name in unit.masked}
    head = {"version": 1, "run_id": run_id, "status": batch.status}
    rest: Json = {"cursor": batch.cursor, "more": batch.more, "changed": _changed_nodes(batch)}
    if masked:
        rest["masked"] = sorted(masked)
    events = ",".join(unit.text for unit in batch.units)
    return f'{_dumped(head)[:-1]},"events":[{events}],{_dumped(rest)[1:]}'


def _keys(client: RunClient, batch: Batch) -> str:
    """A document of `Changes`."""
    head: Json = {"version": 1, "event": "changed", "run_id": client.run_id, "status": batch.status}
    changed = _changed_nodes(batch)
    if batch.has_log and client.log is not None:
        changed.append(_named(client.log))
    rest: Json = {"cursor": batch.cursor, "more": batch.more, "changed": changed}
    return _dumped(head | rest)


def _changed_nodes(batch: Batch) -> list[Json]:
    keys = dict.fromkeys(key for unit in batch.units for key in unit.changed)
    return [_key_json(key) for key in keys]


def _line(run_id: str, unit: Unit) -> str:
    head, masked = _dumped({"version": 1, "run_id": run_id}), ""
    if unit.masked:
        masked = f',"masked":{json.dumps(unit.masked)}'
    return f"{head[:-1]},{unit.text[1:-1]}{masked}}}\n"


def _named(task: str) -> Json:
    """A task by its name, as review[2]."""
    numbers = re.search(r"(?:\[\d+\])*$", task)
    path = "" if numbers is None else numbers[0]
    return {
        "task": task.removesuffix(path),
        "iteration": [int(one) for one in re.findall(r"\d+", path)],
    }


def _key_json(key: Key) -> Json:
    return {"task": key.id or None, "iteration": list(key.path)}


def _changed(changed: Changed) -> str:
    runs = list(changed.runs)
    return _dumped({"version": 1, "runs": runs, "every": changed.every, "cursor": changed.id})


def _dumped(document: Json) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _streams(
    path: str, name: str, summary: str, handler: Handler, part: Any, query: type[Closed]
) -> Route:
    return Route(
        method="GET",
        path=f"/api/v1{path}",
        name=name,
        summary=summary,
        scope="read",
        handler=handler,
        result=part,
        query=query,
        statuses=(422,),
        media=(EVENTS, _LINES),
        streams=True,
    )


ROUTES = (
    _streams(
        "/runs/{run}/events",
        "follow_run",
        "What happens in a run: server-sent events, or the lines of `smithers events RUN --json`.",
        _run_events,
        Events | Changes | End,
        RunEventsParameters,
    ),
    _streams(
        "/events",
        "follow_runs",
        "Which runs change, for those who show a list of them.",
        _all_events,
        ChangedRuns,
        EventsParameters,
    ),
)
