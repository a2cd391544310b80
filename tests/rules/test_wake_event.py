"""How often the owner of a busy run asks the database whether others wrote to it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from smithers import Context, Node, NoInput, Step, workflow
from smithers import Sequence as InOrder
from smithers.changes import Frame
from smithers.store import CachedAnswer, Claim, Cooldown, InboxRow, Model, NewRun
from smithers.store.memory import MemoryStore
from tests.rules.runs import Run
from tests.trust.simulation import VirtualLoop

STEPS = 2000
COMMIT_S = 0.001
POLL_S = 0.25


class Counting(MemoryStore):
    """A store in memory whose commits take a moment, and which counts what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()

    async def commit(
        self,
        claim: Claim,
        frame: Frame,
        models: Sequence[Model] = (),
        cooldowns: Sequence[Cooldown] = (),
        answers: Sequence[CachedAnswer] = (),
        starts: NewRun | None = None,
        here: bool = False,
    ) -> Sequence[InboxRow]:
        await asyncio.sleep(COMMIT_S)
        return await super().commit(claim, frame, models, cooldowns, answers, starts, here)

    async def changed(self, reader: str = "") -> bool:
        self.asked["changed"] += 1
        for _ in range(20):  # as long as a thread takes: a step may end meanwhile
            await asyncio.sleep(0)
        return await super().changed(reader)

    async def inbox(self, claim: Claim, after: int) -> Sequence[InboxRow]:
        if claim.fence:  # a commit gives the rows as well, without a question of its own
            self.asked["inbox"] += 1
        return await super().inbox(claim, after)


async def no_more_than_a_turn(number: int) -> int:
    await asyncio.sleep(0)
    return number


@pytest.mark.long
def test_a_busy_owner_asks_the_database_by_the_clock_and_not_by_the_step() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        steps = (Step(f"s{n}", partial(no_more_than_a_turn, n), output=int) for n in range(STEPS))
        return InOrder(*steps)

    run = Run(flow)
    run.store = store = Counting()
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        ending = runner.run(run.drive())
        took_s = runner.get_loop().time()
    assert ending.status.status == "finished"
    assert took_s > STEPS * COMMIT_S * 0.9, "each step takes a commit"
    commits = len(run.watch.frames) - 1  # each gives the inbox, by the same method of this store
    assert store.asked["changed"] <= took_s / POLL_S + 2
    assert store.asked["inbox"] - commits <= took_s / POLL_S + 2
