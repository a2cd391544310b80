"""MCP servers as tools: started for an attempt, under the guard, and gone when it ends."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypedDict, cast

from harnesses._lines import Lines
from harnesses.models._clock import Clock
from harnesses.models._files import File
from harnesses.models._guarded import guarded, spawned_by
from harnesses.models._sdk import sdk
from harnesses.models._tools import Place, Result, Tool
from harnesses.process._live import LiveChild
from smithers.agent import Dropped, Spawned
from smithers.errors import AgentError, AuthorError, MachineError, Permanent, Transient
from smithers.host import to_the_end

__all__ = ["McpServer", "Servers", "connected"]

_STARTS_WITHIN_S = 30.0
_ERR_TAIL_BYTES = 2000
_NAME_CHARS = 64


class McpServer(TypedDict, total=False):
    """An MCP server as in `.mcp.json`: a `command` with its `args` and `env`, or a `url`.

    A command gets the environment that `bash` gets, plus `env`; it contains no vendor keys.
    """

    command: str
    args: Sequence[str]
    env: Mapping[str, str]
    url: str


@dataclass(frozen=True)
class Servers:
    """The servers of one attempt: their tools by name, and their processes."""

    tools: dict[str, Tool] = field(default_factory=dict[str, Tool])
    processes: list[Spawned] = field(default_factory=list[Spawned])


@asynccontextmanager
async def connected(
    servers: Mapping[str, McpServer], place: Place, clock: Clock
) -> AsyncGenerator[Servers, None]:
    """Starts the servers and asks for their tools. On exit, all their processes are ended."""
    found = Servers()
    if not servers:
        yield found
        return
    mcp = await sdk("mcp", "mcp")
    async with AsyncExitStack() as stack:
        for name, server in servers.items():
            target: Any = server.get("url")
            if command := server.get("command"):
                env = {**place.env, **server.get("env", {})}
                running = guarded(command, *server.get("args", ()), cwd=place.cwd, env=env)
                try:
                    child = await stack.enter_async_context(running)
                    found.processes.extend(await spawned_by(child))
                except AgentError as error:
                    raise _not_started(name, command, error) from error
                target = _Stdio(child)
            if target is None:
                raise AuthorError(f"the MCP server {name!r} has neither a command nor a url")
            async with clock.running():
                client = await stack.enter_async_context(_open(name, mcp.Client(target), target))
                for tool in await _listed(name, client):
                    if tool.name in found.tools:
                        raise Permanent(f"two tools of MCP servers have the name {tool.name}")
                    found.tools[tool.name] = tool
        yield found


def _not_started(name: str, command: str, error: AgentError) -> AgentError:
    said = f"the MCP server {name!r} ({command}): {error.said}"
    if isinstance(error, Transient):
        return Transient(said, reason=error.reason)
    return Permanent(said, hint=f"put {command} on PATH, or give its full path")


@asynccontextmanager
async def _open(name: str, client: Any, target: object) -> AsyncGenerator[Any, None]:
    """The client, entered and left in one task of its own, as its cancel scopes demand; an
    attempt's generator may be closed from anywhere.
    """
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def own() -> None:
        try:
            async with client:
                ready.set_result(None)
                await done.wait()
        except Exception as error:
            if not ready.done():
                ready.set_exception(error)

    owner = asyncio.ensure_future(own())
    try:
        try:
            async with asyncio.timeout(_STARTS_WITHIN_S):
                await ready
        except TimeoutError as error:
            raise Transient(f"the MCP server {name!r} did not start in time") from error
        except (AgentError, MachineError):
            raise
        except Exception as error:
            said = target.said_on_stderr if isinstance(target, _Stdio) else ""
            said = said or str(_innermost(error))
            raise Permanent(f"the MCP server {name!r} does not work: {said}") from error
        yield client
    finally:
        done.set()
        if not ready.done():
            owner.cancel()
        await to_the_end(_quietly(owner))


def _innermost(error: Exception) -> Exception:
    """The first of the failures that a task group has wrapped."""
    inner = cast("tuple[Exception, ...]", getattr(error, "exceptions", ()))
    return _innermost(inner[0]) if inner else error


async def _quietly(task: asyncio.Future[None]) -> None:
    await asyncio.wait([task])


async def _listed(name: str, client: Any) -> list[Tool]:
    """All pages of a server's tools."""
    tools: list[Tool] = []
    cursor: str | None = None
    while True:
        page = await client.list_tools(cursor=cursor)
        tools += [_tool(name, client, each) for each in page.tools]
        cursor = page.next_cursor
        if not cursor:
            return tools


def _tool(server: str, client: Any, told: Any) -> Tool:
    async def call(
        given: Mapping[str, Any], place: Place
    ) -> AsyncGenerator[Spawned | Result, None]:
        yield _result(await client.call_tool(told.name, dict(given)))

    name = re.sub(r"[^A-Za-z0-9_-]", "_", f"mcp__{server}__{told.name}")[:_NAME_CHARS]
    description = told.description or told.title or told.name
    return Tool(name=name, description=description, schema=told.input_schema, call=call)


def _result(told: Any) -> Result:
    """What the server gave: its data where it has some, else its texts; images are shown."""
    texts: list[str] = []
    files: list[File] = []
    for number, part in enumerate(told.content):
        if part.type == "text":
            texts.append(part.text)
        elif part.type == "image":
            files.append(File(name=f"image {number}", media=part.mime_type, data=part.data))
        else:
            texts.append(part.model_dump_json(by_alias=True, exclude_none=True))
    if told.structured_content is not None:
        texts = [json.dumps(told.structured_content, ensure_ascii=False)]
    return Result("\n".join(texts), failed=bool(told.is_error), files=tuple(files))


class _Stdio:
    """A transport over a program that is already under guard: a message a line."""

    def __init__(self, child: LiveChild) -> None:
        self._child = child
        self._err = b""

    @property
    def said_on_stderr(self) -> str:
        """The last of it."""
        return self._err.decode("utf-8", "replace").strip()

    async def __aenter__(self) -> tuple[Any, Any]:
        import anyio

        self._to_client, inbox = anyio.create_memory_object_stream[Any](16)
        outbox, self._from_client = anyio.create_memory_object_stream[Any](16)
        self._tasks = [asyncio.ensure_future(one) for one in (self._listen(), self._talk())]
        self._streams = (inbox, outbox)
        return inbox, outbox

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        for stream in (*self._streams, self._to_client, self._from_client):
            stream.close()

    async def _listen(self) -> None:
        from mcp.shared.message import SessionMessage
        from mcp_types import jsonrpc_message_adapter

        lines = Lines()
        async with self._to_client:
            while (chunk := await self._child.read()) is not None:
                if chunk.stream == "err":
                    self._err = (self._err + chunk.data)[-_ERR_TAIL_BYTES:]
                    continue
                for line in lines.feed(chunk.data):
                    if not line:
                        continue
                    if isinstance(line, Dropped):
                        self._err = f"a line of {line.size_bytes} bytes is too long".encode()
                        continue
                    try:
                        message = jsonrpc_message_adapter.validate_json(line, by_name=False)
                    except ValueError:
                        continue  # a server that prints is a server that prints
                    await self._to_client.send(SessionMessage(message))

    async def _talk(self) -> None:
        async for sent in self._from_client:
            line: str = sent.message.model_dump_json(by_alias=True, exclude_unset=True)
            self._child.write(line.encode() + b"\n")
