"""Recorded runs by how they were left: cancelled, stopped, crashed, given up, resumed, and many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from pydantic import BaseModel, Field

from smithers import (
    Approval,
    Branch,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.agent import Ask, Capabilities, Event, Said, Started, Thought, ToolCalled, Used
from smithers.store import Owner
from tests.recorded_runs.driving import HOST, Driver, Flow, scene, until
from tests.recorded_runs.scenes_trees import boom, step
from tests.rules.agents import Scripted

__all__: list[str] = []


class Brief(BaseModel):
    topic: str = "whales"
    pages: int = Field(default=1, ge=1)


class AtWork:
    """Thinks, calls a tool, says something, and does not end."""

    name = "at-work"
    can = Capabilities(resumes=True, reports_cost=True)

    def __init__(self) -> None:
        self.is_at_work = False

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        yield Started("at-work-1")
        yield Thought("where is the leak?")
        yield ToolCalled(call="1", name="read", arguments={"path": "hull.txt"})
        yield Used(tokens_in=1200, tokens_out=40, model="large")
        yield Said("The leak is below the water line.\nI look closer.")
        self.is_at_work = True
        await asyncio.Event().wait()


def midway() -> tuple[AtWork, Flow]:
    agent = AtWork()

    @workflow(input=Brief)
    def midway(ctx: Context[Brief]) -> Node:
        works = Task("works", agent=agent, prompt=f"Find the leak of {ctx.input.topic}")
        loop = Loop(step("beside"), until=lambda: True, max_iterations=2, id="loop")
        return Sequence(step("before"), Parallel(works, loop), step("after"))

    return agent, midway


async def left_at_work(driver: Driver, run_id: str) -> None:
    agent, flow = midway()

    async def die() -> None:
        await until(lambda: agent.is_at_work)
        driver.die()

    await driver.start(flow, run_id, '{"topic": "a ship"}', meanwhile=die)
    await driver.steer("works", "look below the water line", run_id=run_id)


@scene
async def crashed(driver: Driver) -> None:
    await left_at_work(driver, "crashed")


@scene
async def running(driver: Driver) -> None:
    """The same read while its owner lives."""
    await left_at_work(driver, "running")
    driver.read_after_s = 20


@scene
async def stopped(driver: Driver) -> None:
    async def stop(run_id: str, by: str | None) -> None:
        agent, flow = midway()

        async def stop() -> None:
            await until(lambda: agent.is_at_work)
            driver.engine.stop(by)

        await driver.start(flow, run_id, meanwhile=stop)

    await stop("by-signal", "SIGTERM")
    await stop("by-a-program", None)


@scene
async def cancelled(driver: Driver) -> None:
    agent, flow = midway()

    async def cancel() -> None:
        await until(lambda: agent.is_at_work)
        await driver.offer("cancel", {"by": "ann"}, run_id="at-work")

    await driver.start(flow, "at-work", meanwhile=cancel)

    @workflow
    def waits(ctx: Context[NoInput]) -> Node:
        each = ForEach(
            ["a", "b"], key=str, each=lambda name: Approval(f"ship {name}", ask="Ship?"), id="each"
        )
        return Sequence(step("first"), each, step("last"))

    await driver.start(waits, "waits")
    await driver.offer("cancel", {"by": "ann"}, run_id="waits")
    await driver.resume("waits")
    await driver.start(waits, "not-taken")
    await driver.offer("cancel", {"by": "ann"}, run_id="not-taken")


@scene
async def given_up(driver: Driver) -> None:
    await left_at_work(driver, "r1")
    for _ in range(6):
        driver.clock.pass_s(4000)
        found = await driver.store.revive("r1")
        if found.gave_up is not None:
            break
        await driver.store.start_failed("r1", "flow.py cannot be imported")


@scene
async def failed_then_resumed(driver: Driver) -> None:
    """The rows of what ran again stay, below resets."""
    tries: list[str] = []

    def breaks() -> str:
        tries.append("")
        if len(tries) < 3:
            raise ValueError(f"broken {len(tries)} times")
        return "mended"

    @workflow
    def mends(ctx: Context[NoInput]) -> Node:
        body = Step("breaks", breaks)
        loop = Loop(step("kept"), body, until=lambda: True, max_iterations=2, id="loop")
        return Sequence(step("first"), Parallel(loop, step("beside")), step("last"))

    await driver.start(mends, "still-broken")
    await driver.resume("still-broken")
    tries[:] = [""]
    await driver.start(mends, "mended")
    await driver.resume("mended")


@scene
async def wrong_code(driver: Driver) -> None:
    """Errors of authors, each with its place."""

    @workflow
    def prompt(ctx: Context[NoInput]) -> Node:
        def words() -> str:
            nothing: dict[str, str] = {}
            return nothing["at all"]

        return Sequence(Parallel(Task("asks", agent=Scripted(), prompt=words), step("beside")))

    @workflow
    def until_is_text(ctx: Context[NoInput]) -> Node:
        loop = Loop(step("body"), until=lambda: "yes", max_iterations=2, id="loop")  # type: ignore[arg-type,return-value]
        return Sequence(loop, step("last"))

    @workflow
    def later_render(ctx: Context[NoInput]) -> Node:
        first = step("first")
        if ctx.get(first) is not None:
            raise RuntimeError("this render is wrong")
        return Sequence(first, step("second"))

    @workflow
    def wrong_output(ctx: Context[NoInput]) -> Node:
        gives = Step("gives", lambda: "no number", output=int)  # type: ignore[arg-type]
        return Sequence(gives)

    @workflow
    def changed_arms(ctx: Context[NoInput]) -> Node:
        first = step("first")
        more = [] if ctx.get(first) is None else [Branch(lambda: False, step("new"))]
        last = Branch(lambda: True, Sequence(first, step("then")))
        return Sequence(*more, last)

    for flow in (prompt, until_is_text, later_render, wrong_output, changed_arms):
        await driver.start(flow, flow.name)


@scene
async def deadline_passed(driver: Driver) -> None:
    @workflow(deadline_s=60)
    def late(ctx: Context[NoInput]) -> Node:
        return Sequence(step("first"), Approval("ship", ask="Ship?"), step("last"))

    await driver.start(late, "open")
    await driver.start(late, "over")
    driver.clock.pass_s(120)
    await driver.resume("over")


@scene
async def many_runs(driver: Driver) -> None:
    """Runs of all statuses in one list, with words that a terminal would take amiss."""

    @workflow
    def works(ctx: Context[NoInput]) -> Node:
        return Sequence(step("first"))

    @workflow
    def breaks(ctx: Context[NoInput]) -> Node:
        return Sequence(Step("breaks", boom), step("never"))

    @workflow(name="asks \x1b[31m a person")
    def asks(ctx: Context[NoInput]) -> Node:
        return Sequence(Approval("ship", ask="\x1b[31mred\x1b[0m\x07?\nSecond line"))

    for number, flow in enumerate((works, breaks, asks, asks)):
        await driver.start(flow, f"run-{number}")
        driver.clock.pass_s(4000)
    await driver.answer("ship", run_id="run-3")
    await driver.start(works, "stale", dies_after=1)
    driver.clock.pass_s(90)
    await driver.start(works, "running", dies_after=1)
    await driver.store.take_seat(Owner(id="supervisor", host=HOST, pid=90, started="1"))
    driver.read_after_s = 10
