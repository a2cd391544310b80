"""Tools: what a model may call. A Python function becomes a tool by its signature and its
docstring.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from harnesses.models._files import File
from smithers.agent import Spawned
from smithers.errors import AuthorError

__all__ = ["Call", "Place", "Result", "Tool", "by_name", "in_thread", "tool_of"]

_LIMIT_CHARS = 50_000
_NAME_CHARS = 64


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where tools work: the folder of the task, the environment of its programs, and the time
    limit.
    """

    cwd: Path
    env: Mapping[str, str]
    limit_s: float


@dataclass(frozen=True)
class Result:
    """The result of a tool, as the model reads it."""

    text: str
    failed: bool = False
    files: tuple[File, ...] = ()

    def bounded(self) -> Result:
        """The same, without the middle of a text that would fill the model's window."""
        over = len(self.text) - _LIMIT_CHARS
        if over <= 0:
            return self
        head, tail = self.text[: _LIMIT_CHARS // 2], self.text[-_LIMIT_CHARS // 2 :]
        left_out = f"{head}\n[{over} characters are left out here]\n{tail}"
        return Result(left_out, self.failed, self.files)


Call = Callable[[Mapping[str, Any], Place], AsyncGenerator[Spawned | Result, None]]


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool with its name, its description, and the JSON Schema of its arguments.

    `call` returns one `Result`, after a `Spawned` for each process that it starts. An exception
    that it raises is reported to the model.
    """

    name: str
    description: str
    schema: Mapping[str, Any] = field(repr=False)
    call: Call = field(repr=False)


def by_name(tools: Sequence[Tool | Callable[..., object]]) -> dict[str, Tool]:
    """The tools that an author listed. Raises `AuthorError` if two have the same name."""
    found: dict[str, Tool] = {}
    for tool in (one if isinstance(one, Tool) else tool_of(one) for one in tools):
        if tool.name in found:
            raise AuthorError(
                f"two tools have the name {tool.name!r}",
                hint="rename one of the functions: the model tells them apart by name",
            )
        found[tool.name] = tool
    return found


def tool_of(function: Callable[..., object], *, name: str = "", placed: bool = False) -> Tool:
    """A function as a tool: typed arguments, which pydantic validates, and a docstring for the
    model. A synchronous function runs in a thread. Raises `AuthorError` if a type or the docstring
    is missing.

    A built-in tool is `placed`: its first argument is the `Place`, and it may have the form of
    `Tool.call`.
    """
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation

    name = name or str(getattr(function, "__name__", type(function).__name__))
    said = inspect.getdoc(function) or ""
    signature = inspect.signature(function)
    signature = signature.replace(parameters=list(signature.parameters.values())[placed:])
    _check(signature, name, said)

    @functools.wraps(function)
    def taken(**arguments: object) -> dict[str, object]:
        return arguments

    vars(taken)["__signature__"] = signature  # which pydantic reads; the call only keeps them
    try:
        arguments: TypeAdapter[dict[str, object]] = TypeAdapter(cast("Any", taken))
        schema = arguments.json_schema()
    except (PydanticSchemaGenerationError, PydanticUndefinedAnnotation) as error:
        raise AuthorError(f"the types of the tool {name} cannot be used: {error}") from error

    async def call(
        given: Mapping[str, Any], place: Place
    ) -> AsyncGenerator[Spawned | Result, None]:
        checked = arguments.validate_python(dict(given))
        ready = functools.partial(function, *((place,) if placed else ()), **checked)
        if inspect.isasyncgenfunction(function):
            events = cast("AsyncGenerator[Spawned | Result, None]", ready())
            async with aclosing(events):
                async for event in events:
                    yield event
            return
        value = ready() if inspect.iscoroutinefunction(function) else await in_thread(ready)
        value = await value if inspect.isawaitable(value) else value
        yield value if isinstance(value, Result) else Result(_as_text(value))

    return Tool(name=name, description=said, schema=schema, call=call)


def _check(signature: inspect.Signature, name: str, said: str) -> None:
    if not (name.isascii() and name.isidentifier() and len(name) <= _NAME_CHARS):
        raise AuthorError(
            f"{name!r} is not a valid name for a tool",
            hint=f"give the function a name of at most {_NAME_CHARS} letters, digits and _",
        )
    if not said:
        raise AuthorError(
            f"the tool {name} has no docstring",
            hint="describe in it what the function does: the model sees only that",
        )
    for one in signature.parameters.values():
        kinds = (one.POSITIONAL_ONLY, one.VAR_POSITIONAL, one.VAR_KEYWORD)
        if one.annotation is one.empty or one.kind in kinds:
            raise AuthorError(
                f"a model cannot pass the argument {one.name!r} of the tool {name}",
                hint="give each argument a type, and make it one that can be passed by name",
            )


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    from pydantic_core import to_json

    return "done" if value is None else to_json(value, fallback=str).decode()


async def in_thread(call: Callable[[], object]) -> object:
    """What `call` gives, from a thread that no end of the program waits for."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[object] = loop.create_future()
    context = copy_context()

    def hand_over(value: object, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(
                error if isinstance(error, Exception) else RuntimeError(f"it raised {error!r}")
            )

    def work() -> None:
        value: object = None
        raised: BaseException | None = None
        try:
            value = context.run(call)
        except BaseException as error:  # it belongs to whoever waits
            raised = RuntimeError(repr(error)) if isinstance(error, StopIteration) else error
        try:
            loop.call_soon_threadsafe(hand_over, value, raised)
        except RuntimeError:
            return  # the loop is closed: nobody waits

    threading.Thread(target=work, name="smithers-tool", daemon=True).start()
    return await future
