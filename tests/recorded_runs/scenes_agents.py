"""Recorded runs of agents: what they used, their sessions, their events, their mistakes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

from pydantic import BaseModel

from smithers import Context, Loop, Node, NoInput, Parallel, Retry, Sequence, Task, workflow
from smithers.agent import (
    Answered,
    Ask,
    Capabilities,
    Event,
    Said,
    Started,
    Steered,
    ToolCalled,
    ToolReturned,
    Used,
)
from smithers.errors import BadOutput, Permanent, Transient
from tests.recorded_runs.driving import Driver, scene, until
from tests.recorded_runs.scenes_trees import step
from tests.rules.agents import Recalling, Scripted

__all__: list[str] = []

NOW = Retry(tries=3, first_s=0, jitter=0)


class Plan(BaseModel):
    steps: list[str]
    days: int


class Spender:
    """Uses two models, one of which tells no cost; its first request fails, and tells too."""

    name = "spender"
    can = Capabilities(resumes=True, reports_cost=True)

    def __init__(self) -> None:
        self.asked = 0

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        self.asked += 1
        yield Started(ask.session or f"spender-{self.asked}")
        yield Used(tokens_in=100, tokens_out=10, cost=Decimal("0.1"), model="large")
        yield Used(tokens_in=7, tokens_out=1, tokens_cached=5, model="small")
        if self.asked == 1:
            raise Transient("cut")
        yield ToolCalled(call="1", name="grep", arguments={"pattern": "leak"})
        yield ToolReturned(call="1", text="hull.txt:3: leak")
        yield Said("Found it.")
        yield Answered(f"answer {self.asked}")


@scene
async def usage(driver: Driver) -> None:
    @workflow
    def spends(ctx: Context[NoInput]) -> Node[str]:
        agent = Spender()
        first = Task("first", agent=agent, prompt="one", retry=NOW)
        second = Task("second", agent=[Scripted(Permanent("refused"), name="a"), agent], prompt="2")
        rounds = Loop(
            Task("again", agent=Scripted(name="counts"), prompt="p"),
            until=lambda: False,
            max_iterations=2,
            on_exhausted="finish",
            id="rounds",
        )
        return Sequence(first, Parallel(second, rounds), step("last"), result=second)

    await driver.start(spends)


@scene
async def sessions(driver: Driver) -> None:
    """Sessions that are continued, copied, resumed after an error, and gone."""

    @workflow
    def talks(ctx: Context[NoInput]) -> Node:
        disk: dict[str, list[str]] = {}
        agent = Recalling(disk, None, None, Transient("cut"))
        first = Task("first", agent=agent, prompt="I am Ann")
        more = Task("more", agent=agent, prompt="Who am I?", continues=first)
        copy = Task("copy", agent=agent, prompt="Who was I?", forks=first, retry=NOW)
        return Sequence(first, more, copy)

    await driver.start(talks)


@scene
async def bad_answers(driver: Driver) -> None:
    """Answers that do not fit the model: one that is repaired, and one that is not."""

    @workflow
    def plans(ctx: Context[NoInput]) -> Node:
        good = '{"steps": ["look", "mend"], "days": 2}'
        mends = Scripted('{"steps": "look"}', good, name="mends")
        never = Scripted("I would rather not. " * 40, name="never")
        one = Task("mends", agent=mends, prompt="Plan it", output=Plan, retry=NOW)
        two = Task("never", agent=never, prompt="Plan it", output=Plan, retry=NOW)
        three = Task(
            "allowed", agent=Scripted(BadOutput("no")), prompt="p", retry=NOW, on_failure="continue"
        )
        return Sequence(one, Parallel(two, three), step("last"))

    await driver.start(plans)


class Listens:
    """Works until it is told something, and answers with that."""

    name = "listens"
    can = Capabilities(resumes=True, steers=True)

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        yield Started("listens-1")
        yield Said("at work")
        assert ask.messages is not None
        text = await ask.messages.get()
        yield Steered(text)
        yield Answered(text)


@scene
async def steered(driver: Driver) -> None:
    """Messages that were told, kept, and too late."""

    @workflow
    def listens(ctx: Context[NoInput]) -> Node:
        plan = Task("plan", agent=Listens(), prompt="Plan it")
        return Sequence(step("before"), plan, step("last"))

    async def tell() -> None:
        await until(driver.engine.state.running)
        await driver.steer("plan", "mind the budget\nand the weather", run_id="told")

    await driver.start(listens, "told", meanwhile=tell)
    await driver.start(listens, "kept", dies_after=3)
    await driver.steer("plan", "mind the budget", run_id="kept")
