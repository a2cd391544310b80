"""Telling a program what people say while it runs, beside whoever listens to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

__all__ = ["telling"]


@asynccontextmanager
async def telling(
    messages: asyncio.Queue[str] | None, ready: asyncio.Event, tell: Callable[[str], None]
) -> AsyncGenerator[Callable[[], object], None]:
    """While this lasts, `tell` is given the messages, each when `ready` is set.

    It clears `ready` where the next one must wait. Gives what ends it: all that comes after that
    stays with who sent it.
    """

    async def each() -> None:
        while messages is not None:
            await ready.wait()
            message = await messages.get()
            tell(message)

    pump = asyncio.ensure_future(each())
    try:
        yield pump.cancel
    finally:
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)
