"""Recorded runs that wait: for a person, a time, data, an agent, or a larger budget."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from smithers import (
    Approval,
    Budget,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Retry,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.agent import Answered, Capabilities, Event, Used
from smithers.changes import Key
from smithers.engine.holding import Hold
from smithers.errors import Busy, NotInstalled, NotSignedIn, Transient
from smithers.store.lease import this_process
from tests.recorded_runs.driving import Driver, Flow, scene, until
from tests.recorded_runs.scenes_trees import boom, step
from tests.rules.agents import HANGS, Scripted

__all__: list[str] = []

LATE = Retry(tries=2, first_s=3600, max_s=3600, jitter=0)


@scene
async def approvals_open(driver: Driver) -> None:
    @workflow
    def asks(ctx: Context[NoInput]) -> Node:
        draft = Step("draft", lambda: "a draft")
        ready = Approval("ready", ask="Ready?", on_deny="continue")
        loop = Loop(ready, until=lambda: ctx[ready].approved, max_iterations=5, id="rounds")
        ship = Approval(
            "ship it",
            ask=lambda: f"Ship {ctx[draft]}?\n\nIt is {len(ctx[draft])} long.",
            allowed_by=["ann", "bob"],
            timeout_s=7200,
        )
        return Sequence(draft, Parallel(loop, ship), step("last"))

    await driver.start(asks)
    await driver.answer("ready", 0, approved=False)
    await driver.resume()
    await driver.start(asks, "due")
    driver.clock.pass_s(7000)
    driver.read_after_s = 300


@scene
async def approvals_answered(driver: Driver) -> None:
    """Answers of which the run has taken some, and others not yet."""

    @workflow
    def asks(ctx: Context[NoInput]) -> Node:
        left, right = (Approval(name, ask=f"{name}?") for name in ("left", "right"))
        return Sequence(Parallel(left, right), step("last"))

    await driver.start(asks, "not-taken")
    await driver.answer("left", run_id="not-taken")
    await driver.start(asks, "one-taken")
    await driver.answer("left", run_id="one-taken", note="looks good\nto me")
    await driver.resume("one-taken")
    await driver.start(asks, "all-answered")
    for name in ("left", "right"):
        await driver.answer(name, run_id="all-answered")


@scene
async def approvals_denied(driver: Driver) -> None:
    def asks(on_deny: Literal["fail", "continue"]) -> Flow:
        @workflow
        def asks(ctx: Context[NoInput]) -> Node:
            ship = Approval("ship", ask="Ship?", on_deny=on_deny)
            return Sequence(Parallel(ship, step("beside")), step("last"))

        return asks

    flows = {"fail": asks("fail"), "continue": asks("continue")}
    for run_id, flow in flows.items():
        await driver.start(flow, run_id)
        await driver.answer("ship", approved=False, run_id=run_id, note="too early")
        await driver.resume(run_id)


@scene
async def approvals_timed_out(driver: Driver) -> None:
    def asks(on_timeout: Literal["deny", "fail"]) -> Flow:
        @workflow
        def asks(ctx: Context[NoInput]) -> Node:
            ship = Approval("ship", ask="Ship?", timeout_s=60, on_timeout=on_timeout)
            return Sequence(ship, step("last"))

        return asks

    flows = {"deny": asks("deny"), "fail": asks("fail")}
    for run_id, flow in flows.items():
        await driver.start(flow, run_id)
        driver.clock.pass_s(90)
        await driver.resume(run_id)
    await driver.start(asks("deny"), "not-resumed")


@scene
async def many_approvals(driver: Driver) -> None:
    """So many alike that the rest is counted, while the owner lives."""
    driver.is_long = True

    @workflow(max_concurrency=20)
    def asks(ctx: Context[NoInput]) -> Node:
        names = [f"item {number}" for number in range(11)]
        ask = [Approval(name, ask=f"May {name} go?") for name in names]
        return Parallel(*ask, Task("hangs", agent=Scripted(HANGS), prompt="Wait"))

    async def die() -> None:
        await until(lambda: len(driver.engine.state.waits) == 11)
        driver.die()

    await driver.start(asks, meanwhile=die)
    driver.read_after_s = 30


@scene
async def retries(driver: Driver) -> None:
    @workflow
    def retries(ctx: Context[NoInput]) -> Node:
        breaks = Step("breaks", boom, retry=LATE)
        agent = Scripted(Transient("the line was cut"), "mended", name="agent")
        asks = Task("asks", agent=agent, prompt="Mend it", retry=LATE)
        return Sequence(Parallel(breaks, asks, step("beside")), step("last"))

    await driver.start(retries, "waits")
    await driver.start(retries, "tried-again")
    driver.clock.pass_s(4000)
    await driver.resume("tried-again")


@scene
async def cooldowns(driver: Driver) -> None:
    @workflow
    def cools(ctx: Context[NoInput]) -> Node:
        until_then = driver.clock.at.replace(hour=9)
        first = Scripted(Busy("the provider", until_then, why="5 hour limit"), name="first")
        other = Scripted("done", name="other")
        alone = Task("alone", agent=first, prompt="p", retry=Retry(tries=1))
        either = Task("either", agent=[first, other], prompt="p")
        return Sequence(Parallel(alone, either), step("last"))

    await driver.start(cools, "waits")
    driver.clock.pass_s(36000)
    await driver.start(cools, "waits-as-well")
    await driver.resume("waits")
    driver.read_after_s = 20


@scene
async def missing_agents(driver: Driver) -> None:
    def missing() -> Flow:
        gone = NotInstalled("Acme", "apt install acme")
        out = NotSignedIn("who are you", hint="run `acme login`")
        a, b = Scripted(gone, "from a", name="a"), Scripted(out, name="b")

        @workflow
        def missing(ctx: Context[NoInput]) -> Node:
            either = Task("either", agent=[a, b], prompt="p", retry=Retry(tries=1))
            each = ForEach(
                ["x", "y"],
                key=str,
                each=lambda name: Task(f"task {name}", agent=b, prompt="p"),
                id="each",
            )
            return Sequence(Parallel(either, each), step("last"))

        return missing

    await driver.start(missing(), "waits")
    await driver.start(missing(), "set-up")
    await driver.resume("set-up")


def spender(usd: str = "0.25") -> Scripted:
    used = Used(tokens_in=100, tokens_out=20, cost=Decimal(usd), model="large")
    line: list[Event | Exception] = [used, Answered("done")]
    agent = Scripted(line, name="spender")
    agent.can = Capabilities(reports_cost=True)
    return agent


@scene
async def budgets(driver: Driver) -> None:
    """Spent budgets of a run and of nodes: waiting, raised but not taken, raised, and failing."""

    @workflow(budget=Budget(calls=1, usd="1.50"))
    def of_run(ctx: Context[NoInput]) -> Node:
        return Sequence(*(Task(f"call {n}", agent=spender(), prompt="x") for n in (1, 2)))

    @workflow
    def of_nodes(ctx: Context[NoInput]) -> Node:
        task = Task("in a round", agent=spender(), prompt="x", budget=Budget(usd="0.5"))
        loop = Loop(
            task, until=lambda: False, max_iterations=3, id="loop", budget=Budget(tokens=240)
        )
        each = ForEach(
            ["a", "b"],
            key=str,
            each=lambda name: Task(f"item {name}", agent=spender(), prompt="x"),
            limit=1,
            budget=Budget(calls=1, time_s=600),
            id="each",
        )
        return Parallel(loop, each)

    await driver.start(of_run, "waits")
    await driver.start(of_run, "raised")
    await driver.raise_budget(calls=3, run_id="raised")
    await driver.resume("raised")
    await driver.start(of_run, "not-taken")
    await driver.raise_budget(calls=3, run_id="not-taken")
    await driver.start(of_nodes, "of-nodes")
    await driver.raise_budget("each", calls=1, run_id="of-nodes")
    await driver.resume("of-nodes")


@scene
async def budgets_that_fail(driver: Driver) -> None:
    @workflow
    def fails(ctx: Context[NoInput]) -> Node:
        tasks = [Task(f"task {n}", agent=spender(), prompt="some words") for n in range(3)]
        capped = Sequence(*tasks, budget=Budget(tokens=150, on_exhausted="fail"))
        return Sequence(Parallel(capped, step("beside")), step("last"))

    await driver.start(fails)


@scene
async def data_waits(driver: Driver) -> None:
    """A step that reads what comes later, and a needs that waits for another."""

    @workflow
    def reads(ctx: Context[NoInput]) -> Node:
        ship = Approval("ship", ask="Ship?")
        late = step("late")
        reads = Step("reads", lambda: f"{ctx[late]} and more")
        needs = Step("needs", lambda: "at last", needs=[late])
        return Sequence(Parallel(reads, needs, Sequence(ship, late)), step("last"))

    await driver.start(reads, "waits")
    await driver.start(reads, "came")
    await driver.answer("ship", run_id="came")
    await driver.resume("came")


@scene
async def attached(driver: Driver) -> None:
    """A person was in the session of a task of one run, and is in that of another."""
    hold = Hold(by="ann", holder=this_process())

    async def attach(run_id: str, *, leaves: bool) -> None:
        agent = Scripted(HANGS, "done", name="agent")

        @workflow
        def attaches(ctx: Context[NoInput]) -> Node:
            task = Task("task", agent=agent, prompt="Do it")
            return Sequence(Parallel(task, step("beside")), step("last"))

        async def person() -> None:
            await until(lambda: agent.sessions)
            await driver.offer("hold", hold.body(), Key("task"), run_id=run_id)
            await until(lambda: agent.stopped and not driver.engine.state.running())
            if leaves:
                await driver.offer("release", hold.body(), Key("task"), run_id=run_id)
            else:
                driver.die()

        await driver.start(attaches, run_id, meanwhile=person)

    await attach("left", leaves=True)
    await attach("is-in", leaves=False)
    driver.read_after_s = 20
