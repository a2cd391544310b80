"""Running a workflow in memory, for tests of the engine: the same loop, a store without a disk."""

from __future__ import annotations

import asyncio
import itertools
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from smithers.agent import Event
from smithers.changes import AttemptStarted, Frame, Key, Large, StatusChanged
from smithers.clock import SYSTEM, Clock
from smithers.engine.endings import Ending
from smithers.engine.engine import Engine, Settings
from smithers.engine.plan import Plan
from smithers.secrets import Secrets
from smithers.state import RunState
from smithers.store import Model, NewRun, Note, Owner
from smithers.store.memory import MemoryStore
from smithers.tree import Decision
from smithers.workflows import Workflow

__all__ = ["Run", "Watch", "check_ends", "ends_of"]

_numbers = itertools.count(1)


def ends_of(plan: Plan) -> dict[Key, str]:
    """The containers that have ended by the plan."""
    return {
        key: one.status
        for key, one in plan.instances.items()
        if one.settled and not one.kind.is_task
    }


def check_ends(engine: Engine) -> None:
    """After a frame the state has the ends of all containers that have ended by the plan. A run
    that is left while a render is missing keeps those of the tree before.
    """
    held = engine._open_by_render()  # pyright: ignore[reportPrivateUsage]
    found = {key: end.outcome for key, end in engine.state.ends.items() if key not in held}
    assert found == {key: end for key, end in ends_of(engine.plan).items() if key not in held}


@dataclass
class Watch:
    """Keeps the frames and events that it is shown."""

    frames: list[Frame] = field(default_factory=list[Frame])
    events: list[tuple[Key, Event]] = field(default_factory=list[tuple[Key, Event]])
    notes: list[str] = field(default_factory=list[str])
    engine: Engine | None = None

    def frame(self, frame: Frame, state: RunState) -> None:
        self.frames.append(frame)
        if self.engine is not None:
            check_ends(self.engine)

    def event(self, key: Key, event: Event) -> None:
        self.events.append((key, event))

    def note(self, text: str) -> None:
        self.notes.append(text)


class Run:
    """A run of a workflow in memory; `go` drives it until it ends or waits, each time anew."""

    def __init__(
        self,
        workflow: Workflow[Any, Any],
        input: str = "{}",
        *,
        secrets: Secrets | None = None,
        max_concurrency: int | None = None,
        clock: Clock = SYSTEM,
        linger_s: float = 60.0,
    ) -> None:
        self.workflow = workflow
        self.input = input
        self.clock = clock
        self.now: Callable[[], datetime] = clock.wall
        self.folder = Path(tempfile.mkdtemp(prefix="smithers-test-"))
        self.store = MemoryStore(now=self.now)
        self.watch = Watch()
        self.settings = Settings(
            folder=self.folder,
            streams=self.folder / "streams",
            secrets=secrets or Secrets({}),
            max_concurrency=max_concurrency,
            linger_s=linger_s,
            clock=clock,
            random=Random(7),
        )
        # Of its own: a guard ends all processes that have the mark of its attempt.
        name = f"tests-{os.getpid()}-{next(_numbers)}"
        self.owner = Owner(id=name, host="here", pid=1, started="0")
        self.started_at = self.now()

    @property
    def new(self) -> NewRun:
        return NewRun(
            run_id="r1",
            workflow=self.workflow.name,
            file="none",
            folder=str(self.folder),
            interpreter="none",
            environment=(),
            input=self.input,
            source="1",
            created_at=self.started_at,
            allow_runs=self.workflow.allow_runs,
        )

    async def drive(self) -> Ending:
        """Start the run, or go on with it as a new owner after the last one let it go or died."""
        input = self.workflow.parse_input(self.input)
        common: dict[str, Any] = {
            "run": self.new,
            "settings": self.settings,
            "observer": self.watch,
        }
        if not self.watch.frames:

            async def first(frame: Frame, models: Sequence[Model]) -> Any:
                return await self.store.create(self.new, self.owner, frame, models)

            engine = self.watch.engine = Engine(self.workflow, input, state=RunState(), **common)
            ending = await engine.run(self.store, first=first)
        else:
            claimed = await self.store.claim("r1", self.owner, source="1")
            history = await self.store.load("r1")
            state = RunState.of(history.frames)
            engine = self.watch.engine = Engine(self.workflow, input, state=state, **common)
            ending = await engine.run(self.store, claim=claimed.claim)
        assert engine.claim is not None
        await self.store.release(engine.claim)
        return ending

    def go(self, *, within_s: float = 90) -> StatusChanged:
        async def bounded() -> Ending:
            async with asyncio.timeout(within_s):
                return await self.drive()

        return asyncio.run(bounded()).status

    @property
    def state(self) -> RunState:
        async def load() -> RunState:
            return RunState.of((await self.store.load("r1")).frames)

        return asyncio.run(load())

    def answer(self, task: str, *, approved: bool = True, path: tuple[int, ...] = ()) -> None:
        """Decide an open approval, as another process would."""
        wait = self.state.waits[Key(task, path), "approval"]
        body = Decision(approved=approved, by="ann", note=None, at=self.now()).model_dump_json()
        note = Note(
            run_id="r1",
            kind="answer",
            key=Key(task, path),
            opened=wait.frame,
            body=body,
            at=self.now(),
        )
        asyncio.run(self.store.offer(note))

    def outcome(self, task: str, *path: int) -> str | None:
        ended = self.state.ended.get(Key(task, path))
        return None if ended is None else ended.outcome

    def output(self, task: str, *path: int) -> str | None:
        ended, key = self.state.ended[Key(task, path)], Key(task, path)
        if isinstance(ended.output, Large):
            return self.store.output("r1", key, ended.frame)
        return ended.output

    @property
    def starts(self) -> list[str]:
        """Every attempt that started, in order."""
        return [
            f"{change.key}#{change.number}"
            for frame in self.watch.frames
            for change in frame.changes
            if isinstance(change, AttemptStarted)
        ]
