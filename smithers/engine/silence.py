"""The clock of silence, for agents of every kind.

An adapter ends its program at `idle_s` by itself, since it sees each byte. This one stands behind
it, for agents that have no such clock: it comes a little later, and counts both events and the
growth of the raw stream as signs of life.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from smithers.agent import Ask
from smithers.errors import Stalled

__all__ = ["silence"]

GRACE_S = 10.0
"""What an adapter has for its own clock and kill recipe; at most `idle_s` once more."""


@asynccontextmanager
async def silence(ask: Ask) -> AsyncGenerator[Callable[[], None]]:
    """Bound the silence of what is awaited inside; the value is to be called at each event.

    Raises `Stalled`, after what was awaited has been cancelled and has cleaned up.
    """
    loop = asyncio.get_running_loop()
    bound_s = ask.idle_s + min(GRACE_S, ask.idle_s)
    heard_at = loop.time()
    waiting: asyncio.TimerHandle | None = None

    def heard() -> None:
        nonlocal heard_at
        heard_at = loop.time()

    def look() -> None:
        nonlocal waiting
        quiet_s = min(loop.time() - heard_at, _unchanged_s(ask.raw))
        if quiet_s >= bound_s:
            clock.reschedule(loop.time())
        else:
            waiting = loop.call_later(bound_s - quiet_s, look)

    clock = asyncio.timeout(None)
    try:
        async with clock:
            look()
            yield heard
    except TimeoutError as error:
        if not clock.expired():
            raise
        raise Stalled(ask.idle_s) from error
    finally:
        if waiting is not None:
            waiting.cancel()


def _unchanged_s(file: Path | None) -> float:
    """Seconds since the file last grew; endless if there is none, or if the clock was set back."""
    try:
        age_s = -1.0 if file is None else time.time() - file.stat().st_mtime
    except OSError:
        age_s = -1.0
    return age_s if age_s >= 0 else float("inf")
