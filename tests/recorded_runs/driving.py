"""Drives the runs that are recorded: the engine on a database, with a clock that tests set.

Each frame and each event takes half a second on that clock. An owner leaves a run that waits at
once; with `dies_after` it dies after so many frames, and its run stays owned.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from smithers.agent import Event
from smithers.amounts import Amounts
from smithers.changes import Frame, Key
from smithers.engine.endings import Ending
from smithers.engine.engine import Engine
from smithers.engine.settings import Settings
from smithers.secrets import Secrets
from smithers.state import RunState
from smithers.store import Claim, Model, NewRun, Note, Owner
from smithers.store.files import streams_folder
from smithers.store.sqlite import SqliteStore
from smithers.tree import Decision
from smithers.workflows import Workflow
from tests.rules.runs import Clock

__all__ = ["SCENES", "Driver", "Scene", "scene", "until"]

_TICK_S = 0.5
_PATIENCE_S = 30
HOST = "recorded/1"

Flow = Workflow[Any, Any]
Scene = Callable[["Driver"], Awaitable[None]]
SCENES: dict[str, Scene] = {}
"""Each makes the rows of one database."""


def scene(function: Scene) -> Scene:
    SCENES[function.__name__] = function
    return function


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not holds():  # noqa: ASYNC110  # nothing announces it
            await asyncio.sleep(0.001)


class _Died(Exception):
    """The owner died right after a frame that it had made durable."""


class _Watch:
    """Lets time pass with all that happens, and ends the owner after so many frames."""

    def __init__(self, clock: Clock, dies_after: int) -> None:
        self._clock, self._left = clock, dies_after

    def frame(self, frame: Frame, state: RunState) -> None:
        self._clock.pass_s(_TICK_S)
        self._left -= 1
        if not self._left:
            raise _Died

    def event(self, key: Key, event: Event) -> None:
        self._clock.pass_s(_TICK_S)

    def note(self, text: str) -> None: ...


class Driver:
    """The runs of one database. `read_after_s` is the time from the last change to the reading;
    of a database that is long, less is read of each run.
    """

    def __init__(self, folder: Path, store: SqliteStore, clock: Clock) -> None:
        self.folder, self.store, self.clock = folder, store, clock
        self.read_after_s, self.is_long = 600.0, False
        self.engine: Engine
        self._going: asyncio.Task[None]
        self._flows: dict[str, tuple[Flow, str]] = {}
        self._owners = 0

    async def start(self, flow: Flow, run_id: str = "r1", input: str = "{}", **how: Any) -> None:
        self._flows[run_id] = flow, input
        new = NewRun(
            run_id=run_id,
            workflow=flow.name,
            file="/project/flow.py",
            folder="/project",
            interpreter="/usr/bin/python3",
            environment=("PATH",),
            input=input,
            source="1",
            created_at=self.clock(),
        )
        owner = self._owner()

        async def first(frame: Frame, models: Sequence[Model]) -> Claim:
            return await self.store.create(new, owner, frame, models)

        await self._drive(new, RunState(), first=first, **how)

    async def resume(self, run_id: str = "r1", flow: Flow | None = None, **how: Any) -> None:
        """Resume a run as another owner; with `flow`, its file was edited."""
        if flow is not None:
            self._flows[run_id] = flow, self._flows[run_id][1]
        self.clock.pass_s(10)
        source = "1" if flow is None else "2"
        history = await self.store.load(run_id)
        claimed = await self.store.claim(run_id, self._owner(), source=source)
        state = RunState.of(history.frames)
        await self._drive(replace(history.run, source=source), state, claim=claimed.claim, **how)

    def _owner(self) -> Owner:
        self._owners += 1
        number = 100 + self._owners
        return Owner(id=f"owner-{number}", host=HOST, pid=number, started="1")

    async def _drive(
        self,
        run: NewRun,
        state: RunState,
        *,
        dies_after: int = 0,
        linger_s: float = 0.0,
        max_concurrency: int | None = None,
        meanwhile: Callable[[], Awaitable[None]] | None = None,
        **first_or_claim: Any,
    ) -> None:
        flow, input = self._flows[run.run_id]
        nobody = Claim(run_id=run.run_id, owner="", fence=0)
        is_new = not state.nodes
        self.engine = engine = Engine(
            flow,
            flow.parse_input(input),
            run=run,
            state=state,
            settings=Settings(
                folder=self.folder,
                streams=streams_folder(self.folder / ".smithers" / "smithers.db", run.run_id),
                secrets=Secrets({}),
                max_concurrency=max_concurrency,
                linger_s=linger_s,
                clock=self.clock.reading,
                random=Random(7),
            ),
            observer=_Watch(self.clock, dies_after),
            inbox=() if is_new else await self.store.inbox(nobody, state.inbox),
            cooldowns=await self.store.cooldowns(),
        )
        async with asyncio.timeout(_PATIENCE_S), asyncio.TaskGroup() as group:
            self._going = going = group.create_task(self._until_left(engine, first_or_claim))
            if meanwhile is not None:
                await until(lambda: engine.claim)
                await meanwhile()
            await going

    async def _until_left(self, engine: Engine, first_or_claim: dict[str, Any]) -> None:
        with suppress(_Died, asyncio.CancelledError):
            ending: Ending = await engine.run(self.store, **first_or_claim)
            assert engine.claim is not None
            await self.store.release(engine.claim, ending.wake_at)

    # -- what other processes write

    async def offer(self, kind: Any, body: Any, key: Key | None = None, **more: Any) -> None:
        run_id = more.pop("run_id", "r1")
        text = body if isinstance(body, str) else json.dumps(body)
        at = self.clock()
        await self.store.offer(Note(run_id=run_id, kind=kind, key=key, body=text, at=at, **more))

    async def answer(self, task: str, *path: int, approved: bool = True, **more: Any) -> None:
        run_id = more.pop("run_id", "r1")
        key = Key(task, path)
        state = RunState.of((await self.store.load(run_id)).frames)
        opened = state.waits[key, "approval"].frame
        note = more.get("note")
        decision = Decision(approved=approved, by="ann", note=note, at=self.clock())
        body = decision.model_dump_json()
        await self.offer("answer", body, key, opened=opened, run_id=run_id)

    async def raise_budget(self, node: str = "", *path: int, **more: Any) -> None:
        run_id = more.pop("run_id", "r1")
        body = {**Amounts(**more).data(), "by": "ann"}
        await self.offer("budget", body, Key(node, path), run_id=run_id)

    async def steer(self, task: str, text: str, *path: int, run_id: str = "r1") -> None:
        await self.offer("steer", {"text": text, "by": "ann"}, Key(task, path), run_id=run_id)

    def die(self) -> None:
        """Let the owner die as it is, so that its attempts stay open."""
        self._going.cancel()
