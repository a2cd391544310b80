"""Waiting for runs that live in other processes: one look at the database serves all who wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from smithers.errors import SmithersError
from smithers.hub import Hub, Standing

__all__ = ["Watch", "Watched"]

_POLL_S = 0.25
"""How often it asks whether anything was written: one look costs microseconds."""


class Watched:
    """A run that somebody waits for, as it was seen last."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self.mark: object = None
        self.moved = asyncio.Event()
        self.waiters = 0


class Watch:
    """The runs that are waited for. It looks only while somebody waits."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._runs: dict[str, Watched] = {}
        self._wanted = asyncio.Event()

    @asynccontextmanager
    async def on(self, run_id: str) -> AsyncGenerator[Watched]:
        """A run from now on. Raises `UnknownRun`."""
        if run_id not in self._runs:
            standing = await asyncio.to_thread(self._hub.standing, run_id)
            self._runs.setdefault(run_id, Watched(standing))
        watched = self._runs[run_id]
        watched.waiters += 1
        self._wanted.set()
        try:
            yield watched
        finally:
            watched.waiters -= 1
            if not watched.waiters:
                del self._runs[run_id]

    async def run(self) -> None:
        """Looks for changes until it is cancelled."""
        with self._hub.changes() as changes:
            while True:
                if not self._runs:
                    self._wanted.clear()
                    await self._wanted.wait()
                try:
                    if changes.happened():
                        await self._look(changes.marks(self._runs))
                except SmithersError:  # it looks again, and whoever waits is told in the end
                    changes.close()
                await asyncio.sleep(_POLL_S)

    async def _look(self, marks: Mapping[str, object]) -> None:
        for run_id, watched in list(self._runs.items()):
            if (mark := marks.get(run_id)) == watched.mark:
                continue
            standing = await asyncio.to_thread(self._hub.standing, run_id)
            watched.mark = mark
            if standing != watched.standing:
                watched.standing = standing
                watched.moved.set()
                watched.moved = asyncio.Event()
