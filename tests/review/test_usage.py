"""What was paid is kept, even of an attempt that its owner did not live to see end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

from smithers import Context, Node, NoInput, Task, workflow
from smithers.agent import Answered, Ask, Capabilities, Event, Started, Used
from tests.rules.runs import Run


class Pays:
    """Uses a dollar, then talks on until its owner has gone; the next request is answered."""

    name = "pays"
    can = Capabilities(resumes=True)

    def __init__(self, run: list[Run]) -> None:
        self.run_of = run
        self.asked = 0

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        self.asked += 1
        yield Started("s")
        if self.asked == 1:
            yield Used(tokens_in=7, tokens_out=3, cost=Decimal(1))
            await self.run_of[0].until_frames(99)
        yield Answered("done")


def test_usage_that_was_told_before_a_crash_counts_after_it() -> None:
    runs: list[Run] = []
    agent = Pays(runs)

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Task("task", agent=agent, prompt="p")

    run = Run(flow)
    runs.append(run)
    # It dies behind the frames of the start, of the session, and of the usage.
    assert run.go_frames(3) == "running"
    assert run.go(within_s=5).status == "finished"
    assert (run.state.usage.tokens_in, run.state.usage.cost) == (7, Decimal(1))
