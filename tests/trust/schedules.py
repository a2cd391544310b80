"""Random workflows under random crashes, in virtual time: `python -m tests.trust.schedules 1/4711`.

A schedule is a tree, what its steps do, how long each takes, when processes die, freeze and wake,
who answers and who cancels; all of it follows from a seed. Whatever happens, the run must end as
its fates want it and as the reference interpreter reads its rows, and no promise may be broken on
the way.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, cast

from smithers import Context, Node, NoInput, Workflow, workflow
from smithers.changes import AttemptStarted, Frame, Key, Reset, Settled
from smithers.engine.engine import Engine, Settings
from smithers.errors import AlreadyDecided, AlreadySent, Fenced, Owned, Refused, RunExists
from smithers.secrets import Secrets
from smithers.signals import SentSignal
from smithers.state import RunState
from smithers.store import Claim, Model, NewRun, Note, Store
from smithers.tree import Decision
from tests.properties.fates import Expected, Fates
from tests.properties.judging import Comparing, Made, check_end, check_frames
from tests.properties.trees import build
from tests.trust.bodies import RUN, Bodies, Floor, shape_of
from tests.trust.simulation import Handle, Process, Trouble, VirtualLoop, World

__all__ = ["Schedule"]

OVER = ("finished", "failed", "cancelled")


class Schedule:
    """One seed: made, driven to its end, and judged."""

    def __init__(self, seed: str, folder: Path) -> None:
        self.seed = seed
        self.folder = folder
        random = self.random = Random(seed)
        self.fates = Fates(random.randrange(1 << 20), random.choice([0, 0, 10, 30]))
        self.shape = shape_of(random, random.randint(1, 9))
        trouble = Trouble(
            dies=random.choice([0.0, 0.05, 0.2]),
            freezes=random.choice([0.0, 0.05, 0.1]),
            most=random.randint(0, 6),
        )
        self.world = World(random, trouble)
        self.concurrency = random.choice([1, 2, 8])
        self.cancels = random.random() < 0.12
        self.cancelled_at: int | None = None
        self.answers: dict[Key, bool] = {}
        self.floor = Floor(self.world, self.fates)
        self._folded = RunState()

        @workflow
        def flow(ctx: Context[NoInput]) -> Node[Any]:
            return build(self.shape, Bodies(ctx, self.floor))

        self.flow: Workflow[NoInput, Any] = flow

    # -- the run

    @property
    def frames(self) -> Sequence[Frame]:
        return self.world.frames_of(RUN)

    @property
    def state(self) -> RunState:
        """The state as it is written."""
        frames = self.frames
        for frame in frames[self._folded.frame + 1 :]:
            self._folded.apply_frame(frame)
        return self._folded

    def _engine(self, run: NewRun, state: RunState, watch: Comparing, **more: Any) -> Engine:
        settings = Settings(
            folder=self.folder,
            streams=self.folder,
            max_concurrency=self.concurrency,
            clock=self.world.clock,
            random=Random(self.seed),
            secrets=Secrets({}),
        )
        return Engine(
            self.flow, NoInput(), run=run, state=state, settings=settings, observer=watch, **more
        )

    def _new(self) -> NewRun:
        return NewRun(
            run_id=RUN,
            workflow=self.flow.name,
            file="none",
            folder=str(self.folder),
            interpreter="none",
            environment=(),
            input="{}",
            source="1",
            created_at=self.world.now(),
        )

    async def _own(self, me: Process) -> None:
        """What a process does that starts the run or goes on with it."""
        store = cast("Store", Handle(self.world, me))  # the rest of it is the store's own
        engine: Engine | None = None
        try:
            if not self.frames:
                run = self._new()
                engine = self._engine(run, RunState(), Comparing())

                async def first(frame: Frame, models: Sequence[Model]) -> Claim:
                    return await store.create(run, me.owner, frame, models)

                await engine.run(store, first=first)
            else:
                claim = (await store.claim(RUN, me.owner, source="1")).claim
                history = await store.load(RUN)
                state = RunState.of(history.frames)
                if state.run_status not in OVER:
                    inbox = await store.inbox(claim, state.inbox)
                    watch = Comparing(fold=RunState.of(history.frames))
                    engine = self._engine(history.run, state, watch, inbox=inbox)
                    await engine.run(store, claim=claim)
                await store.release(claim)
        except (Owned, Fenced, RunExists) as error:
            self.world.say(f"{me.owner.id} is refused: {type(error).__name__}")
        else:
            self.world.say(f"{me.owner.id} leaves the run")
        if engine is not None and engine.claim is not None:
            await store.release(engine.claim)

    # -- everybody else

    async def _people(self) -> None:
        """Whoever answers what is asked, sometimes twice, and sometimes cancels."""
        cancel_after = self.random.randint(0, 8)
        while True:
            await asyncio.sleep(self.random.random() * 3)
            if not self.frames or self.state.run_status in OVER:
                continue
            if self.cancels and len(self.frames) > cancel_after and self.cancelled_at is None:
                await self._offer(Note(run_id=RUN, kind="cancel", body="{}", at=self.world.now()))
                self.cancelled_at = self.frames[-1].number
            for (key, kind), wait in list(self.state.waits.items()):
                if kind == "approval" and self.random.random() < 0.7:
                    await self._answer(key, wait.frame)
                if kind == "human" and self.random.random() < 0.7:
                    await self._give(key, wait.frame)
                if kind == "event" and self.random.random() < 0.7:
                    await self._signal(key, wait.frame)
                if kind == "repeat" and self.random.random() < 0.7:
                    await self._let_repeat(key, wait.frame)

    async def _answer(self, key: Key, opened: int) -> None:
        yes = not self.fates.fails(str(key))
        for by, approved in (("ann", yes), ("bob", not yes))[: self.random.randint(1, 2)]:
            decision = Decision(approved=approved, by=by, at=self.world.now())
            note = Note(
                run_id=RUN,
                kind="answer",
                key=key,
                opened=opened,
                body=decision.model_dump_json(),
                at=self.world.now(),
            )
            try:
                await self._offer(note)
            except (AlreadyDecided, Refused):
                continue
            if key in self.answers:
                self.world.wrong(f"{key} was answered twice")
            self.answers[key] = approved

    async def _give(self, key: Key, opened: int) -> None:
        """An answer to a human task: one that makes it fail, one that the run refuses, or a good
        one.
        """
        word = "no" if self.fates.fails(str(key)) else "yes"
        word = "again" if self.random.random() < 0.3 else word
        at = self.world.now()
        body = json.dumps({"value": {"word": word}, "by": "ann", "at": at.isoformat()})
        note = Note(run_id=RUN, kind="answer", key=key, opened=opened, body=body, at=at)
        try:
            await self._offer(note)
        except (AlreadyDecided, Refused):
            return
        if key in self.answers:
            self.world.wrong(f"{key} was answered twice")
        if word != "again":
            self.answers[key] = word == "yes"

    async def _signal(self, key: Key, opened: int) -> None:
        """A signal for a wait, or for a later one: at times one that the run sets aside, or that
        was sent before.
        """
        word = "again" if self.random.random() < 0.3 else "yes"
        sent = SentSignal(
            id=f"{key} {opened if self.random.random() < 0.7 else self.random.random()} {word}",
            event=key.id,
            correlation=None,
            data=json.dumps({"word": word}),
            by="ann",
            login="ann",
        )
        at, body = self.world.now(), sent.body()
        note = Note(run_id=RUN, kind="signal", signal=sent.id, body=body, at=at)
        with suppress(AlreadySent, Refused):
            await self._offer(note)

    async def _let_repeat(self, key: Key, opened: int) -> None:
        """A step with an effect may run again: it has an end that its fate knows."""
        body = Decision(approved=True, by="ann", at=self.world.now()).model_dump_json()
        note = Note(
            run_id=RUN, kind="answer", key=key, opened=opened, body=body, at=self.world.now()
        )
        with suppress(AlreadyDecided, Refused):
            await self._offer(note)

    async def _offer(self, note: Note) -> None:
        await self.world.store.offer(note)
        self.world.say(f"{note.kind} {note.key or ''} is acknowledged")

    async def _live(self) -> None:
        """Start owners, too many of them at times, until the run is over and all have ended."""
        world = self.world
        people = asyncio.create_task(self._people())
        for _ in range(400):
            for _ in range(self.random.choice([1, 1, 1, 2])):
                world.begin(self._own)
            await asyncio.sleep(self.random.choice([0.0, 1.0, 10.0]))
            if self.frames and self.state.run_status in OVER:
                break
            await asyncio.wait(
                [one.task for one in world.processes.values() if one.task],
                timeout=self.random.choice([1.0, 40.0]),
            )
        else:
            world.wrong("the run does not come to its end")
        people.cancel()
        for process in world.processes.values():
            process.thaw()
        tasks = [one.task for one in world.processes.values() if one.task]
        for done in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(done, Exception):
                world.wrong(f"an owner ended by {done!r}")

    # -- judgement

    def run(self) -> list[str]:
        """All of it; what went wrong."""
        try:
            with asyncio.Runner(loop_factory=VirtualLoop) as runner:
                runner.run(self._live())
            self._judge()
        except AssertionError as error:
            self.world.violations.append(f"AssertionError: {error}")
        return self.world.violations

    def _judge(self) -> None:
        wrong, state, frames = self.world.violations, self.state, self.frames
        wrong += [
            f"attempt {one} ran {times} times" for one, times in self.floor.ran.items() if times > 1
        ]
        wrong += [
            f"fence {ours} wrote after {most}" for ours, most in self.world.fences if ours < most
        ]
        wrong += [f"{one.key} is left running" for one in state.running()]
        ended: set[Key] = set()
        for frame in frames:
            started = {c.key for c in frame.changes if isinstance(c, AttemptStarted)}
            ended -= {c.key for c in frame.changes if isinstance(c, Reset)}
            wrong += [f"{key} began again after its end" for key in started & ended]
            ended |= {c.key for c in frame.changes if isinstance(c, Settled)}
        if self.cancelled_at is not None:
            self._judge_cancel(frames, self.cancelled_at)
        elif state.run_status != "cancelled":
            made, expected = Made(self.flow), Expected(self.shape, self.fates)
            for key, allowed in expected.allowed.items():
                if None in allowed and str(key) in self.floor.flaked:
                    allowed.add("failed")  # its group failed while it waited for its next try
            check_end(state, made, expected)
            check_frames(frames, made)
        else:
            wrong.append("nobody cancelled the run")
        for key, approved in self.answers.items():
            end = state.ended.get(key)
            if end is None or end.outcome not in (
                "cancelled",
                "finished" if approved else "failed",
            ):
                wrong.append(f"the answer to {key} was acknowledged, and is lost: {end}")

    def _judge_cancel(self, frames: Sequence[Frame], at: int) -> None:
        """After the frame that was in the making nothing begins, and the run ends as cancelled."""
        late = [frame for frame in frames if frame.number > at + 1]
        for frame in late:
            if any(isinstance(change, AttemptStarted) for change in frame.changes):
                self.world.violations.append(f"frame {frame.number} starts after the cancel")
        if late and self.state.run_status != "cancelled":
            self.world.violations.append(f"the cancel is lost: {self.state.run_status}")


def main(seed: str) -> int:
    """Repeat one schedule, and tell all of it."""
    with tempfile.TemporaryDirectory() as folder:
        schedule = Schedule(seed, Path(folder))
        wrong = schedule.run()
    print(schedule.shape, *schedule.world.log, *wrong, sep="\n")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
