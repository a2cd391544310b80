"""Random trees whose bodies look around them: may they run, and does nobody else?"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Any

from pydantic import BaseModel, field_validator

from smithers import (
    Approval,
    Attempt,
    Context,
    HumanTask,
    Node,
    NoInput,
    Retry,
    Step,
    Task,
    Timer,
    WaitForEvent,
)
from smithers.agent import Answered, Ask, Capabilities, Event, Started
from smithers.changes import AttemptStarted
from smithers.errors import Permanent, Transient
from tests.properties.fates import Fates, Working
from tests.properties.trees import Kind, Shape
from tests.trust.simulation import PROCESS, Process, World

__all__ = ["RUN", "Bodies", "Floor", "shape_of"]

RUN = "r1"
_AT_ONCE = Retry(tries=3, first_s=0.01, jitter=0)
_CONTAINERS: tuple[Kind, ...] = (
    *("sequence", "sequence", "parallel", "parallel"),
    *("branch", "loop", "foreach"),
)


def shape_of(random: Random, size: int) -> Shape:
    """A tree of about so many leaves."""
    if size <= 1:
        kind: Kind = random.choice(
            [
                *("step", "step", "step", "step", "task"),
                *("approval", "human", "timer", "wait_for_event"),
            ]
        )
        only_waits = kind in ("approval", "human", "timer", "wait_for_event")
        on_failure = "fail" if only_waits or random.random() < 0.7 else "continue"
        return Shape(kind=kind, on_failure=on_failure, effect=random.random() < 0.3)
    kind = random.choice(
        ["sequence", "sequence", "parallel", "parallel", "branch", "loop", "foreach"]
    )
    arms = 1 if kind == "foreach" else random.randint(1, 2 if kind in ("branch", "loop") else 4)
    below = tuple(shape_of(random, size // arms) for _ in range(arms))
    most, words = {
        "sequence": ((0, 0), ("",)),
        "parallel": ((0, 2), ("finish", "cancel")),
        "branch": ((0, 1), ("",)),
        "loop": ((1, 3), ("finish", "fail")),
        "foreach": ((0, 2), ("finish", "cancel", "continue")),
    }[kind]
    return Shape(
        kind=kind, below=below, count=random.randint(*most), on_failure=random.choice(words)
    )


class Word(BaseModel):
    """What a person answers: the run refuses "again", and its author's code fails by "no"."""

    word: str

    @field_validator("word")
    @classmethod
    def check(cls, word: str) -> str:
        if word == "again":
            raise ValueError("say another word")
        if word == "no":
            raise RuntimeError("this one was meant to fail")
        return word


class Floor:
    """Where the bodies of a schedule work: who is at what, and how often each attempt ran."""

    def __init__(self, world: World, fates: Fates) -> None:
        self.world = world
        self.fates = fates
        self.inside: dict[str, Process] = {}
        self.ran: Counter[tuple[str, int]] = Counter()
        self.flaked: set[str] = set()

    async def body(self, key: str, number: int) -> None:
        """Enter, take a while, leave."""
        world, me = self.world, PROCESS.get()
        await me.go()
        if (key, number) not in world.durable:
            world.wrong(f"{key} runs before the frame of its attempt {number} is written")
        other = self.inside.get(key)
        if other is not None and not (other.dead or other.lost) and not me.lost:
            world.wrong(f"{key} runs in {other.owner.id} and in {me.owner.id} at once")
        if not me.lost:
            self.inside[key] = me
        self.ran[key, number] += 1
        world.say(f"{me.owner.id} enters {key}#{number}")
        try:
            await world.a_moment(4.0)
            await me.go()
        finally:
            if self.inside.get(key) is me:
                del self.inside[key]
        world.say(f"{me.owner.id} leaves {key}#{number}")

    def flaky(self, key: str) -> bool:
        """Whether it fails now: once in all, for a third of the tasks."""
        if key in self.flaked or Random(f"{self.fates.seed} {key}").random() > 0.33:
            return False
        self.flaked.add(key)
        return True

    def started_of(self, ask: Ask) -> tuple[str, int]:
        """The task and number of the attempt for which an agent was asked."""
        serial = int(ask.marks["SMITHERS_ATTEMPT"].rpartition(":")[2])
        for frame in self.world.frames_of(RUN):
            for change in frame.changes:
                if isinstance(change, AttemptStarted) and change.serial == serial:
                    return str(change.key), change.number
        self.world.wrong(f"an agent is asked for attempt {serial}, which is not written")
        raise asyncio.CancelledError


class Bodies(Working):
    """Bodies that take a while, and look around them: may they run, and does nobody else?"""

    def __init__(self, ctx: Context[NoInput], floor: Floor) -> None:
        super().__init__(ctx, floor.fates)
        self._floor = floor

    def leaf(self, id: str, shape: Shape) -> Node[Any]:
        on_failure: Any = shape.on_failure
        if shape.kind == "approval":
            return Approval(id, ask=f"May I {id}?")
        if shape.kind == "human":
            return HumanTask(id, ask=f"What is {id}?", output=Word)
        if shape.kind == "timer":
            return Timer(id, seconds=0.01)
        if shape.kind == "wait_for_event":
            return WaitForEvent(id, event=id, output=Word)
        if shape.kind == "task":
            agent = _Agent(self._floor)
            return Task(id, agent=agent, prompt=id, on_failure=on_failure, retry=_AT_ONCE)

        async def work(attempt: Attempt) -> str:
            key = attempt.key.partition("/")[2]
            await self._floor.body(key, attempt.number)
            if self.fates.fails(key):
                raise RuntimeError("this one was meant to fail")
            return key

        return Step(id, work, output=str, on_failure=on_failure, effect=shape.effect)

    def body(self, id: str, body: Sequence[Node[Any]]) -> Sequence[Node[Any]]:
        async def turn(attempt: Attempt) -> str:
            await self._floor.body(attempt.key.partition("/")[2], attempt.number)
            return attempt.key

        self._turns[id] = Step(f"{id}-turn", turn, output=str)
        return [self._turns[id], *body]


class _Agent:
    """An agent with sessions, which now and then fails once in a way that may be tried again."""

    name = "simulated"
    can = Capabilities(resumes=True)

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        floor, world = self._floor, self._floor.world
        key, number = floor.started_of(ask)
        session = ask.session or f"session of {key} {number}"
        yield Started(session=session)
        await PROCESS.get().go()
        if session not in world.sessions:
            world.wrong(f"{key} acts in a session that is not written")
        await floor.body(key, number)
        if PROCESS.get().lost:
            raise Transient("its program was killed by whoever took the run")
        if floor.fates.fails(key):
            raise Permanent("this one was meant to fail")
        if floor.flaky(key):
            raise Transient("cut")
        yield Answered(key)
