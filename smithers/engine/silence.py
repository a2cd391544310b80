"""The clock of silence, for agents of every kind.

An adapter ends its program at `idle_s` by itself, since it sees each byte. This one stands behind
it, for agents that have no such clock: it comes a little later, and counts both events and the
growth of the raw stream as signs of life.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from smithers.agent import Ask
from smithers.errors import Stalled

__all__ = ["silence"]

GRACE_S = 10.0
"""What an adapter has for its own clock and kill recipe; at most `idle_s` once more."""


_COARSE_S = 0.1
"""By how much a file system may round its times."""


class silence:  # it reads as `timeout`; a generator would take twice as long
    """Bound the silence of what is awaited inside; the value is to be called at each event.

    Raises `Stalled`, after what was awaited has been cancelled and has cleaned up.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._bound_s = ask.idle_s + min(GRACE_S, ask.idle_s)
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._loop.time()
        self._growth = _Growth(ask.raw, self._heard_at)
        self._waiting: asyncio.TimerHandle | None = None
        self._clock = asyncio.timeout(None)

    async def __aenter__(self) -> Callable[[], None]:
        await self._clock.__aenter__()
        self._look()
        return self._heard

    async def __aexit__(
        self, of: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        try:
            await self._clock.__aexit__(of, error, at)
        except TimeoutError as late:
            raise Stalled(self._ask.idle_s) from late
        if isinstance(error, TimeoutError) and self._clock.expired():  # its cleanup was late too
            raise Stalled(self._ask.idle_s) from error

    def _heard(self) -> None:
        self._heard_at = self._loop.time()

    def _look(self) -> None:
        now = self._loop.time()
        quiet_s = now - max(self._heard_at, self._growth.last(now))
        if quiet_s >= self._bound_s:
            self._clock.reschedule(now)
        else:
            self._waiting = self._loop.call_later(self._bound_s - quiet_s, self._look)


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
