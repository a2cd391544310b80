"""The clock of silence, for agents of every kind.

An adapter ends its program at `idle_s` by itself, since it sees each byte. This one stands behind
it, for agents that have no such clock: it comes a little later, and counts both events and the
growth of the raw stream as signs of life.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from smithers.agent import Ask
from smithers.errors import Stalled

__all__ = ["silence"]

GRACE_S = 10.0
"""What an adapter has for its own clock and kill recipe; at most `idle_s` once more."""


_COARSE_S = 0.1
"""By how much a file system may round its times."""


@asynccontextmanager
async def silence(ask: Ask) -> AsyncGenerator[Callable[[], None]]:
    """Bound the silence of what is awaited inside; the value is to be called at each event.

    Raises `Stalled`, after what was awaited has been cancelled and has cleaned up.
    """
    loop = asyncio.get_running_loop()
    bound_s = ask.idle_s + min(GRACE_S, ask.idle_s)
    heard_at = loop.time()
    growth = _Growth(ask.raw, heard_at)
    waiting: asyncio.TimerHandle | None = None

    def heard() -> None:
        nonlocal heard_at
        heard_at = loop.time()

    def look() -> None:
        nonlocal waiting
        now = loop.time()
        quiet_s = now - max(heard_at, growth.last(now))
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


class _Growth:
    """When a file last grew, on the loop's clock. The file's own time is of the wall clock, which
    may be set: it is believed only where it lies between this look and the one before.
    """

    def __init__(self, file: Path | None, now: float) -> None:
        self._file = file
        self._looked = self._grew = now
        self._mark: tuple[int, int] | None = None

    def last(self, now: float) -> float:
        """When it last grew, as far as it is known now."""
        if self._file is None:
            return self._grew
        with suppress(OSError):
            found = os.stat(self._file)
            mark = (found.st_size, found.st_mtime_ns)
            if mark != self._mark:
                age_s = time.time() - found.st_mtime
                believable = 0 <= age_s <= now - self._looked + _COARSE_S
                self._grew = now - age_s if believable else now
                self._mark = mark
        self._looked = now
        return self._grew
