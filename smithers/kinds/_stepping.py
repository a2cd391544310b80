"""How one coroutine is stepped by hand: without an event loop, and what can be told about it."""

from __future__ import annotations

import asyncio
import sys
from asyncio import events
from collections.abc import AsyncGenerator, Coroutine, Generator, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context
from types import CodeType, FrameType
from typing import Any, NoReturn, cast

from smithers.errors import AuthorError
from smithers.flows import RUNNING, Call, CallFailed, Request
from smithers.tree import Mark, is_in_library, place_of_error, shown, wrong

__all__ = [
    "awaiting",
    "chain_of",
    "check_dropped",
    "check_loop",
    "refuse_foreign",
    "run_to_await",
    "without_loop",
]

_FOREIGN = (
    "await calls of run alone: run.step(id, function) for other async work,"
    " run.sleep(id, seconds=...) for time, and run.gather for several at once"
)


def run_to_await(
    context: Context,
    coroutine: Coroutine[Any, Any, Any],
    value: object,
    error: BaseException | None,
    dropped: list[Request],
) -> object:
    """What a coroutine awaits next, once it is told this. Raises what it raises.

    `dropped` is given what async generators awaited that it has dropped before their ends.
    """
    with without_loop(dropped):
        if error is None:
            return context.run(coroutine.send, value)
        return context.run(coroutine.throw, error)


@contextmanager
def without_loop(dropped: list[Request] | None = None) -> Generator[None]:
    """There is no event loop meanwhile: what needs one would act on the loop of the engine."""

    def finalize(generator: AsyncGenerator[Any, Any]) -> None:
        running = RUNNING.get()
        if running is None or not running.is_open:  # it is put away with its flow
            with suppress(Exception, GeneratorExit):  # it may be where it cannot be closed
                generator.aclose().send(None)
            return
        with suppress(StopIteration, GeneratorExit):
            awaited = cast("Request", generator.aclose().send(None))
            if dropped is not None:
                dropped.append(awaited)

    loop = events._get_running_loop()  # pyright: ignore[reportPrivateUsage]  # for loops and their like
    hooks = sys.get_asyncgen_hooks()
    events._set_running_loop(None)  # pyright: ignore[reportPrivateUsage]
    sys.set_asyncgen_hooks(firstiter=None, finalizer=finalize)
    try:
        yield
    finally:
        sys.set_asyncgen_hooks(*hooks)
        events._set_running_loop(loop)  # pyright: ignore[reportPrivateUsage]


def check_dropped(dropped: list[Request]) -> None:
    """Raises `AuthorError` for an async generator that awaits a call in its cleanup, and that its
    flow has left without closing it: Python would close it at any time.
    """
    for request in dropped:
        used = "run.gather(...)"
        if isinstance(request, Call):
            used = f"run.{request.method}({request.id!r}, ...)"
        wrong(
            request.mark,
            f"{used} does not run: it is in the cleanup of an async generator that was left before"
            " its end",
            "close it where it is used: async with contextlib.aclosing(items()) as values",
        )


def check_loop(who: str, error: BaseException) -> None:
    """What asyncio refuses, since a flow has no event loop, is told as what it is. Raises
    `AuthorError`.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    # a lock or a queue that has to wait asks None for a future
    if not isinstance(error, RuntimeError | AttributeError) or trace is None:
        return
    module = str(trace.tb_frame.f_globals.get("__name__", ""))
    if module.split(".")[0] == "asyncio":
        raise AuthorError(
            f"{who} uses asyncio.{trace.tb_frame.f_code.co_qualname}, which is not a call of run",
            place=place_of_error(error),
            hint=_FOREIGN,
        ) from error


async def awaiting(given: Any) -> Any:
    """A coroutine of something else that can be awaited, such as another `run.gather`."""
    return await given


def refuse_foreign(who: str, mark: Mark, coroutine: object, request: object) -> NoReturn:
    """A flow awaits what is not a call of `run`; `mark` is its own. Raises `AuthorError`."""
    frame, awaited = _where_it_awaits(coroutine)
    what = shown(request) if awaited is None else awaited
    if isinstance(request, asyncio.Future):
        request.cancel()
        cast("asyncio.Future[Any]", request).add_done_callback(_forget)  # type: ignore[redundant-cast]  # for pyright
    place = mark if frame is None else Mark(frame.f_code, frame.f_lasti)
    wrong(place, f"{who} awaits {what}, which is not a call of run", _FOREIGN)


def _forget(future: asyncio.Future[Any]) -> None:
    """Nobody waits for it, so its exception is not reported."""
    if not future.cancelled():
        future.exception()


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """An exception, and those that it was raised because of, innermost last. A failed call was
    raised because of nothing else.
    """
    while error is not None:
        yield error
        if isinstance(error, CallFailed):
            return
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _where_it_awaits(coroutine: object) -> tuple[FrameType | None, str | None]:
    """The author's line that awaits, and the name of what it awaits there, if that is known."""
    frame: FrameType | None = None
    one: Any = coroutine
    while one is not None:
        code: CodeType | None = getattr(one, "cr_code", None) or getattr(one, "gi_code", None)
        here = getattr(one, "cr_frame", None) or getattr(one, "gi_frame", None)
        if code is None or here is None:
            return frame, f"a {type(one).__name__.removesuffix('Iter')}"
        if frame is not None and is_in_library(code):
            module = here.f_globals.get("__name__", "")
            return frame, f"{module.split('.')[0]}.{code.co_qualname}"
        frame = here
        one = getattr(one, "cr_await", None) or getattr(one, "gi_yieldfrom", None)
    return frame, None
