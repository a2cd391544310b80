"""The in-memory driver of tests/engine, with what the rules need: edits, and a clock."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from smithers import clock, waits
from smithers.amounts import Amounts
from smithers.changes import Frame, Key
from smithers.engine.endings import Ending
from smithers.engine.engine import Engine
from smithers.signals import SentSignal
from smithers.state import RunState
from smithers.store import Claim, Model, Note
from smithers.tree import Decision
from tests.engine import runs

__all__ = ["Clock", "Run"]


class Clock:
    """Time that moves only when a test says so; `reading` is what the engine is given."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
        self._awake = self._slept = timedelta()
        self.reading = clock.Clock(
            wall=self, monotonic_ns=lambda: _ns(self._awake), boottime_ns=self._boottime_ns
        )

    def __call__(self) -> datetime:
        return self.at

    def pass_s(self, seconds: float) -> None:
        """Time passes, on every clock."""
        self.at += timedelta(seconds=seconds)
        self._awake += timedelta(seconds=seconds)

    def set_by_s(self, seconds: float) -> None:
        """Somebody sets the wall clock, forward or back."""
        self.at += timedelta(seconds=seconds)

    def sleep_s(self, seconds: float) -> None:
        """The machine sleeps: the lid is closed."""
        self.at += timedelta(seconds=seconds)
        self._slept += timedelta(seconds=seconds)

    def _boottime_ns(self) -> int:
        return _ns(self._awake + self._slept)


def _ns(time: timedelta) -> int:
    return time // timedelta(microseconds=1) * 1000


class Died(Exception):
    """The owner died right after a frame that it had made durable."""


class _Kills(runs.Watch):
    """A watcher that ends its owner after so many frames."""

    def __init__(self, kept: runs.Watch, frames: int) -> None:
        super().__init__(kept.frames, kept.events)
        self.kept = kept
        self.left = frames

    def frame(self, frame: Frame, state: RunState) -> None:
        super().frame(frame, state)
        self.left -= 1
        if not self.left:
            raise Died


class Run(runs.Run):
    """As its base; `edited` says that the workflow is not that of the first owner any more."""

    edited = False
    makes: type[Engine] = Engine
    engine: Engine
    watch: runs.Watch

    def __init__(self, *given: Any, now: Clock | None = None, **options: Any) -> None:
        if now is not None:
            options["clock"] = now.reading
        super().__init__(*given, **options)
        self.reports: list[str] = []
        self.sent = 0
        self.before: Callable[[Engine], None] = lambda engine: None
        """Called with each new engine, before it runs."""

    def drive_to_end(self) -> Ending:
        """Go on until the owner leaves the run; how it left it."""

        async def bounded() -> Ending:
            async with asyncio.timeout(20):
                return await self.drive()

        return asyncio.run(bounded())

    def limit(self, max_concurrency: int) -> None:
        self.settings = replace(self.settings, max_concurrency=max_concurrency)

    async def drive(self) -> Ending:
        fresh = not self.watch.frames
        frames = () if fresh else (await self.store.load("r1")).frames
        state = RunState.of(frames)
        nobody = Claim(run_id="r1", owner="", fence=0)
        self.engine = self.watch.engine = engine = self.makes(
            self.workflow,
            self.workflow.parse_input(self.input),
            run=replace(self.new, source="2" if self.edited else "1"),
            state=state,
            settings=self.settings,
            observer=self.watch,
            inbox=await self.store.inbox(nobody, state.inbox),
            cooldowns=await self.store.cooldowns(),
        )
        self.before(engine)
        await engine.family.look(self.store, first=True)
        try:
            if fresh:
                return await engine.run(self.store, first=self._create)
            claimed = await self.store.claim("r1", self.owner, source="1")
            return await engine.run(self.store, claim=claimed.claim)
        finally:
            self.reports, self.watch.notes = self.watch.notes, []
            if engine.claim is not None:
                await self.store.release(engine.claim)

    async def _create(self, frame: Frame, models: Sequence[Model]) -> Any:
        return await self.store.create(self.new, self.owner, frame, models)

    def answer(
        self,
        task: str,
        *,
        approved: bool = True,
        path: tuple[int, ...] = (),
        by: str = "ann",
        note: str | None = None,
        opened: int | None = None,
        value: object = None,
        sent_back: bool = False,
    ) -> None:
        """Answer a question, as another process would. Without a `value`, a human task gets "yes",
        or what is no text; or it is denied, if it is to be `sent_back`.
        """
        more: dict[str, Any] = {"path": path, "by": by, "note": note, "opened": opened}
        more["sent_back"] = sent_back
        asyncio.run(self.offer_answer(task, approved=approved, value=value, **more))

    async def offer_answer(
        self,
        task: str,
        *,
        approved: bool = True,
        path: tuple[int, ...] = (),
        by: str = "ann",
        note: str | None = None,
        opened: int | None = None,
        value: object = None,
        sent_back: bool = False,
    ) -> None:
        key = Key(task, path)
        known = RunState.of((await self.store.load("r1")).frames).waits
        if opened is None:
            opened = next(known[key, kind].frame for kind in waits.ASKING if (key, kind) in known)
        approved = approved and not sent_back
        body = Decision(approved=approved, by=by, note=note, at=self.now()).model_dump_json()
        if (key, waits.HUMAN) in known and not sent_back:
            given = ("yes" if approved else 5) if value is None else value
            at = self.now().isoformat()
            body = json.dumps({"value": given, "by": by, "login": by, "note": note, "at": at})
        await self.store.offer(
            Note(run_id="r1", kind="answer", key=key, opened=opened, body=body, at=self.now())
        )

    def send(self, event: str, data: object = None, **more: Any) -> None:
        """Send a signal, as another process would."""
        asyncio.run(self.offer_signal(event, data, **more))

    async def offer_signal(
        self,
        event: str,
        data: object = None,
        *,
        correlation: str | None = None,
        id: str | None = None,
        by: str = "ann",
    ) -> None:
        self.sent += 1
        sent = SentSignal(
            id=id or f"s{self.sent}",
            event=event,
            correlation=correlation,
            data=json.dumps(data),
            by=by,
            login=by,
        )
        at, body = self.now(), sent.body()
        await self.store.offer(Note(run_id="r1", kind="signal", signal=sent.id, body=body, at=at))

    def raise_budget(self, node: str = "", path: tuple[int, ...] = (), **more: Any) -> None:
        """Raise a budget, as another process would; without a node that of the run."""
        asyncio.run(self.offer_raise(node, path, **more))

    async def offer_raise(self, node: str = "", path: tuple[int, ...] = (), **more: Any) -> None:
        body = json.dumps({**Amounts(**more).data(), "by": "ann"})
        note = Note(run_id="r1", kind="budget", key=Key(node, path), body=body, at=self.now())
        await self.store.offer(note)

    async def steer(self, task: str, text: str, path: tuple[int, ...] = ()) -> None:
        """Say something to the agent of a task, as another process would."""
        body, key = json.dumps({"text": text, "by": "ann"}), Key(task, path)
        await self.store.offer(Note(run_id="r1", kind="steer", key=key, body=body, at=self.now()))

    async def until_frames(self, frames: int) -> None:
        """Return when the run that is being driven has so many frames."""
        while len(self.watch.frames) < frames:  # noqa: ASYNC110  # the watcher has no event
            await asyncio.sleep(0)

    async def cancel(self) -> None:
        """Write the note that ends the run, as another process would."""
        await self.store.offer(Note(run_id="r1", kind="cancel", body="{}", at=self.now()))

    def go_frames(self, frames: int) -> str:
        """Go on, and die after so many frames. Gives the status in which the run was left."""

        async def drive() -> object:
            return await self.drive()

        return self.driven_frames(drive, frames)

    def driven_frames(self, drive: Callable[[], Coroutine[Any, Any, object]], frames: int) -> str:
        """The same with something beside that drives it."""

        async def bounded() -> None:
            async with asyncio.timeout(20):
                await drive()

        kept = self.watch
        self.watch = _Kills(kept, frames)
        with suppress(Died):
            asyncio.run(bounded())
        self.watch = kept
        return self.state.run_status
