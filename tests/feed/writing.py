"""Runs whose frames are written by a test, and clients that collect events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from smithers.changes import CameUp, Change, Key, StatusChanged, held
from smithers.hub import Feed, Hub
from smithers.store import Claim
from smithers.store.lease import this_process
from smithers.store.sqlite import SqliteStore
from smithers.views import FrameView
from tests.store.samples import first_frame, frame, new_run, settled

__all__ = ["MOST_S", "Writer", "collect", "every_id", "fed", "writing"]

Ids = list[tuple[int, int]]
MOST_S = 60.0


class Writer:
    """The owner of a run, which writes one frame after the other."""

    def __init__(self, store: SqliteStore, claim: Claim) -> None:
        self._store, self._claim = store, claim
        self.frame = 0

    async def write(self, *changes: Change) -> None:
        self.frame += 1
        await self._store.commit(self._claim, frame(self.frame, *changes))

    async def step(self, output: str = "1", tasks: int = 1) -> None:
        """A frame in which some tasks came up and were settled."""
        names = [f"t{self.frame + 1}_{number}" for number in range(tasks)]
        ups = [CameUp(key=Key(name)) for name in names]
        ends = [settled(name, came_up=self.frame + 1) for name in names]
        ends = [replace(one, output=held(output)) for one in ends]
        await self.write(*ups, *ends)

    async def end(self) -> None:
        await self.write(StatusChanged(status="finished", output="2"))


@asynccontextmanager
async def writing(path: Path, run_id: str = "r1") -> AsyncGenerator[Writer]:
    async with await SqliteStore.open(path) as store:
        claim = await store.create(new_run(run_id), this_process(), first_frame())
        yield Writer(store, claim)


@asynccontextmanager
async def fed(path: Path, name: str = "one", **settings: Any) -> AsyncGenerator[Feed]:
    """A feed that runs."""
    hub = Hub(path, environment={"A_TOKEN": "ferret-7Q"})
    settings.setdefault("look_s", 0.01)
    feed = Feed(hub, name, **settings)
    task = asyncio.create_task(feed.run())
    try:
        async with asyncio.timeout(MOST_S):
            yield feed
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def collect(feed: Feed, after: str | None, into: Ids) -> AsyncIterator[str | None]:
    """Puts the ids of all events until the run has ended into a list; gives each cursor."""
    async with feed.of_run("r1", after) as client:
        async for batch in client:
            for unit in batch.units:
                event = json.loads(unit.text)
                into.extend((event["frame"], change["n"]) for change in event["changes"])
            yield batch.cursor


def every_id(path: Path) -> Ids:
    """The ids of all events of the run, as its rows have them."""
    return [
        (view.number, n)
        for view in Hub(path).all_events("r1")
        if isinstance(view, FrameView)
        for n, _ in enumerate(view.changes, view.first)
    ]
