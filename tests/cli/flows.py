"""Workflows for the tests of the command line: each ends, waits or fails in its own way."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from harnesses import ClaudeCode, Echo
from smithers import (
    Approval,
    Budget,
    Context,
    ContinueAsNew,
    HumanTask,
    Loop,
    Node,
    NoInput,
    Parallel,
    Retry,
    Rework,
    Sequence,
    Step,
    Task,
    WaitForEvent,
    workflow,
)
from smithers.agent import Answered, Ask, Capabilities, Event, Said, Steered, Used
from smithers.errors import Transient


class Brief(BaseModel):
    topic: str = "whales"
    pages: int = Field(default=1, ge=1)


class Note(BaseModel):
    text: str


class Chapter(BaseModel):
    title: str = Field(alias="heading", default="untitled")


class Book(BaseModel):
    chapters: list[Chapter] = []
    by_name: dict[str, Chapter] = {}


class Anything(BaseModel):
    model_config = ConfigDict(extra="ignore")
    topic: str = "whales"


@workflow(input=Brief)
def works(ctx: Context[Brief]) -> Node[str]:
    first = Step("first", lambda: f"about {ctx.input.topic}")
    second: Step[str] = Step("second", lambda: ctx[first].upper())
    return Sequence(first, second, result=second)


@workflow(input=Book)
def takes_a_book(ctx: Context[Book]) -> Node:
    return Sequence(Step("counts", lambda: len(ctx.input.chapters)))


@workflow(input=Anything)
def takes_anything(ctx: Context[Anything]) -> Node:
    return Sequence(Step("counts", lambda: ctx.input.topic))


@workflow
def gives_a_model(ctx: Context[NoInput]) -> Node[Note]:
    note = Step("note", lambda: Note(text="hello"), output=Note)
    return Sequence(note, result=note)


@workflow
def echoes(ctx: Context[NoInput]) -> Node[str]:
    say = Task("say", agent=Echo(), prompt="hello there")
    return Sequence(say, result=say)


class Spender:
    """An agent that tells what it uses of two models; its first request fails, and tells too."""

    name = "spender"
    can = Capabilities(reports_cost=True)

    def __init__(self) -> None:
        self.asked = 0

    async def run(self, ask: Ask) -> AsyncGenerator[Event, None]:
        self.asked += 1
        yield Used(tokens_in=100, tokens_out=10, cost=Decimal("0.1"), model="large")
        yield Used(tokens_in=7, tokens_out=1, tokens_cached=5, cost=Decimal("0.2"), model="small")
        if self.asked == 1:
            raise Transient("cut")
        yield Answered(f"answer {self.asked}")


@workflow
def spends(ctx: Context[NoInput]) -> Node[str]:
    spender = Spender()
    soon = Retry(first_s=0.01)
    first = Task("first", agent=spender, prompt="one", retry=soon)
    second = Task("second", agent=spender, prompt="two")
    say = Task("say", agent=Echo(), prompt="three words here")
    return Sequence(first, second, say, Step("step", lambda: 1), result=say)


@workflow(budget=Budget(calls=1, usd="1.50"))
def capped(ctx: Context[NoInput]) -> Node[str]:
    first = Task("first", agent=Echo(), prompt="one")
    second = Task("second", agent=Echo(), prompt="two")
    return Sequence(first, second, result=second)


@workflow
def capped_to_fail(ctx: Context[NoInput]) -> Node:
    tasks = [Task(f"t{n}", agent=Echo(), prompt="some words") for n in range(3)]
    return Sequence(Sequence(*tasks, budget=Budget(tokens=3, on_exhausted="fail")))


@workflow(budget=Budget(calls=1, on_exhausted="finish"))
def capped_to_finish(ctx: Context[NoInput]) -> Node[str]:
    tasks = [Task(f"t{n}", agent=Echo(), prompt=f"word {n}") for n in range(3)]
    found = Step("found", lambda: ", ".join(ctx.get(one) or "nothing" for one in tasks))
    return Sequence(*tasks, found, result=found)


@workflow
def capped_in_rounds(ctx: Context[NoInput]) -> Node:
    spender = Spender()
    task = Task("t", agent=spender, prompt="p", retry=Retry(first_s=0.01), budget=Budget(calls=1))
    return Loop(task, until=lambda: True, max_iterations=2, id="loop")


def _breaks() -> str:
    if Path("mended").exists():
        return "mended"
    raise RuntimeError("the bottle broke")


@workflow
def fails(ctx: Context[NoInput]) -> Node:
    before = Step("before", lambda: "done")
    return Sequence(before, Step("breaks", _breaks), Step("after", lambda: "never"))


@workflow
def tolerates(ctx: Context[NoInput]) -> Node:
    return Sequence(Step("breaks", _breaks, on_failure="continue"), Step("after", lambda: "done"))


@workflow
def tolerates_a_missing_program(ctx: Context[NoInput]) -> Node:
    nowhere = ClaudeCode(program="no-such-program")
    return Sequence(Task("asks", agent=nowhere, prompt="Hi", on_failure="continue"))


@workflow
def asks(ctx: Context[NoInput]) -> Node:
    draft = Step("draft", lambda: "a draft")
    ship = Approval("ship", ask=lambda: f"Ship {ctx[draft]}?\nIt is {len(ctx[draft])} long.")
    after = Step("after", lambda: "shipped")
    return Sequence(draft, ship, after, result=after)


class Plan(BaseModel):
    """What is done next."""

    steps: list[str] = Field(description="What is done, in order.")
    days: int = 3


@workflow
def asks_people(ctx: Context[NoInput]) -> Node:
    return Parallel(
        HumanTask("colour", ask="Which colour?", choices=["blue", "dark green"]),
        HumanTask("plan", ask="What is the plan?\nAll of it.", output=Plan),
        HumanTask("title", ask="What is its title?", allowed_by=["ann", "bob"]),
        Approval("ship", ask="Ship it?", on_deny="continue"),
    )


@workflow
def waits_for_events(ctx: Context[NoInput]) -> Node:
    go = WaitForEvent("go", event="go")
    plan = WaitForEvent("plan", event="plan", output=Plan, correlation="order 7")
    return Sequence(go, plan, result=plan)


@workflow
def waits_and_continues(ctx: Context[NoInput]) -> Node:
    return Sequence(WaitForEvent("go", event="go"), ContinueAsNew(NoInput()))


@workflow
def waits_for_an_option(ctx: Context[NoInput]) -> Node:
    return WaitForEvent("wait", event="-x", output=int, correlation="-k")


@workflow
def asks_for_work(ctx: Context[NoInput]) -> Node:
    draft = Step("draft", lambda: "a draft")
    plan = HumanTask(
        "plan", ask=lambda: f"Plan for {ctx[draft]}?", output=Plan, on_deny=Rework(draft)
    )
    return Sequence(draft, plan)


@workflow(input=Brief)
def asks_about(ctx: Context[Brief]) -> Node:
    return Sequence(Approval("ship", ask=lambda: f"Ship {ctx.input.topic}?"))


@workflow
def asks_ann(ctx: Context[NoInput]) -> Node:
    return Sequence(Approval("ship", ask="Ship?", allowed_by=["ann"]))


@workflow
def asks_twice(ctx: Context[NoInput]) -> Node:
    return Parallel(Approval("left", ask="Left?"), Approval("right", ask="Right?"))


@workflow
def asks_in_rounds(ctx: Context[NoInput]) -> Node:
    ready = Approval("ready", ask="Ready?", on_deny="continue")
    return Loop(ready, until=lambda: ctx[ready].approved, max_iterations=5)


async def _forever() -> str:
    await asyncio.sleep(3600)
    return "never"


@workflow
def hangs(ctx: Context[NoInput]) -> Node:
    return Sequence(Step("before", lambda: "done"), Step("hangs", _forever))


@workflow
def holds_a_program(ctx: Context[NoInput]) -> Node:
    """Runs until the file `go` is there; each start is a line of `ledger`."""

    def write() -> None:
        with Path("ledger").open("a") as ledger:
            ledger.write(f"{os.getpid()}\n")

    async def work() -> str:
        write()
        while not os.path.exists("go"):  # noqa: ASYNC110, ASYNC240
            await asyncio.sleep(0.02)
        return "went"

    held = Step("held", work)
    return Sequence(held, result=held)


@workflow
def prints(ctx: Context[NoInput]) -> Node[str]:
    def noisy() -> str:
        print("printed by the step")  # noqa: T201
        subprocess.run(["echo", "printed by its child"], check=True)
        return "quiet"

    step = Step("noisy", noisy)
    return Sequence(step, result=step)


@workflow
def retries_late(ctx: Context[NoInput]) -> Node:
    return Sequence(Step("breaks", _breaks, retry=Retry(tries=2, first_s=3600, max_s=3600)))


@workflow
def many(ctx: Context[NoInput]) -> Node:
    return Parallel(
        *[Step(f"part {number}", _breaks, on_failure="continue") for number in range(60)]
    )


@workflow
def escapes(ctx: Context[NoInput]) -> Node:
    return Sequence(Approval("ship", ask="\x1b[31mred\x1b[0m\x07?"))


print("imported")  # noqa: T201  # what an author leaves behind


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
    return Sequence(Step("before", lambda: "done"), plan, result=plan)
