"""Workflows for the tests of the server: fast ones, one that waits for a file, ones that ask."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from smithers import (
    Approval,
    Context,
    ForEach,
    HumanTask,
    Node,
    NoInput,
    Parallel,
    Retry,
    Sequence,
    Step,
    Task,
    WaitForEvent,
    workflow,
)
from smithers.agent import (
    Answered,
    Ask,
    Capabilities,
    Event,
    Said,
    Steered,
    ToolCalled,
    ToolReturned,
)


class Brief(BaseModel):
    topic: str
    times: int = 1


@workflow(input=Brief)
def shouts(ctx: Context[Brief]) -> Node[str]:
    """Say it loudly."""
    brief = ctx.input
    said = Step("said", lambda: brief.topic.upper() * brief.times, output=str)
    return Sequence(said, result=said)


def _held() -> str:
    """Waits for the file `go`; a minute at most, so that no test leaves a process."""
    end = time.monotonic() + 60
    with Path("ledger").open("a") as ledger:
        ledger.write("held\n")
    while not Path("go").exists():
        if time.monotonic() > end:
            raise TimeoutError("nobody wrote the file `go`")
        time.sleep(0.02)
    return "gone on"


@workflow
def holds(ctx: Context[NoInput]) -> Node[str]:
    first = Step("first", lambda: "begun", output=str)
    held = Step("held", _held, output=str)
    return Sequence(first, held, result=held)


class Listens:
    """Works until it is told something, and answers with that."""

    name = "listens"
    can = Capabilities(steers=True)

    async def run(self, ask: Ask) -> AsyncGenerator[Event]:
        yield Said("at work")
        assert ask.messages is not None
        text = await ask.messages.get()
        yield Steered(text)
        yield Answered(text)


@workflow
def listens(ctx: Context[NoInput]) -> Node[str]:
    del ctx
    plan = Task("plan", agent=Listens(), prompt="Plan it")
    return Sequence(plan, result=plan)


@workflow
def asks(ctx: Context[NoInput]) -> Node[str]:
    ship = Approval("ship", ask="Ship this?")
    shipped = Step("shipped", lambda: f"shipped: {ctx[ship].note}", output=str)
    return Sequence(ship, shipped, result=shipped)


class Plan(BaseModel):
    days: int = Field(ge=1, description="How long it takes.")
    size: Literal["small", "large"] = "small"
    parts: list[Literal["code", "docs"]] = []
    remark: str | None = None


class Steps(BaseModel):
    steps: list[str]


@workflow
def asks_people(ctx: Context[NoInput]) -> Node:
    return Sequence(
        Parallel(
            HumanTask("colour", ask="Which colour?", choices=["blue", "green"]),
            HumanTask("plan", ask="Which plan?", output=Plan),
            HumanTask("title", ask="Which title?"),
            HumanTask("steps", ask="Which steps?", output=Steps),
        )
    )


@workflow
def waits_for_a_plan(ctx: Context[NoInput]) -> Node:
    plan = WaitForEvent("plan", event="plan", output=Plan, correlation="7")
    return Sequence(plan, result=plan)


@workflow
def asks_twice(ctx: Context[NoInput]) -> Node:
    return Parallel(Approval("left", ask="Left?"), Approval("right", ask="Right?"))


@workflow
def asks_ann(ctx: Context[NoInput]) -> Node:
    return Sequence(Approval("ship", ask="Ship this?", allowed_by=["nobody-here"]))


@workflow
def fails(ctx: Context[NoInput]) -> Node[str]:
    def work() -> str:
        if not Path("mended").exists():
            raise ValueError("it is broken")
        return "mended"

    work_step = Step("work", work, output=str)
    return Sequence(work_step, result=work_step)


@workflow
def much(ctx: Context[NoInput]) -> Node[str]:
    text = Step("text", lambda: "x" * 300_000, output=str)
    return Sequence(text, result=text)


class Talks:
    """Says and does much, then works until the file `go` is there."""

    name = "talks"
    can = Capabilities()

    async def run(self, ask: Ask) -> AsyncGenerator[Event]:
        for number in range(60):
            yield Said(f"word {number}: " + "talk " * 100)
            yield ToolCalled(call=str(number), name="Bash", arguments={"command": f"ls {number}"})
            yield ToolReturned(call=str(number), text='a "file"\n' * 200, failed=number % 7 == 0)
        await asyncio.to_thread(_held)
        yield Answered(ask.prompt)


class Verdict(BaseModel):
    approved: bool


class Rambles:
    """Answers at length, and never what its task's model wants."""

    name = "rambles"
    can = Capabilities()

    async def run(self, ask: Ask) -> AsyncGenerator[Event]:
        del ask
        yield Answered("I would say " + "perhaps " * 1_000)


@workflow
def talks(ctx: Context[NoInput]) -> Node[str]:
    del ctx
    plan = Task("plan", agent=Talks(), prompt="Plan it")
    judge = Task(
        "judge",
        agent=Rambles(),
        output=Verdict,
        prompt="Judge",
        on_failure="continue",
        retry=Retry(tries=1),
    )
    return Sequence(judge, plan, result=plan)


@workflow(max_concurrency=100)
def many(ctx: Context[NoInput]) -> Node:
    """A run of 300 tasks: most give much, some fail, some ask."""
    del ctx

    def fails() -> str:
        raise ValueError("it is broken: " + "no " * 2_000)

    def each(number: int) -> Node:
        name = f"item {number} of a run with many tasks and long names " + "x" * 60
        if number % 10 == 0:
            return Step(name, fails, output=str, on_failure="continue")
        if number % 10 == 1:
            return Approval(name, ask=f"Ship {number}?\n" + "Because of this. " * 200)
        return Step(name, lambda: 'He said "yes". ' * 500, output=str)

    return ForEach(range(300), key=str, each=each)
