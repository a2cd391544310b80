"""Workflows for the tests of the server: fast ones, one that waits for a file, ones that ask."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from pathlib import Path

from pydantic import BaseModel

from smithers import Approval, Context, Node, NoInput, Parallel, Sequence, Step, Task, workflow
from smithers.agent import Answered, Ask, Capabilities, Event, Said, Steered


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
