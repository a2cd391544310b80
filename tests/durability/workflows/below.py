"""Runs below which runs are started: each agent is a shell with a script of the test's."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from pathlib import Path

from ledger import hold, note
from pydantic import BaseModel
from woken import Shell

from harnesses import Echo
from smithers import (
    AllowRuns,
    Approval,
    Budget,
    Command,
    Completed,
    Context,
    Node,
    NoInput,
    Sequence,
    Step,
    Subflow,
    Task,
    Try,
    workflow,
)

FOLDER = Path(os.environ.get("LEDGER", "ledger")).parent


class Script(BaseModel):
    script: str = "true"


def work(ctx: Context[Script]) -> Task[str]:
    return Task("work", agent=Shell(), prompt=f"{ctx.input.script}; echo done")


@workflow(input=Script)
def strict(ctx: Context[Script]) -> Node[str]:
    return work(ctx)


@workflow(input=Script, allow_runs=1)
def single(ctx: Context[Script]) -> Node[str]:
    return work(ctx)


@workflow(input=Script, allow_runs=AllowRuns(3, depth=2))
def deep(ctx: Context[Script]) -> Node[str]:
    return work(ctx)


@workflow(input=Script, allow_runs=2, budget=Budget(calls=3))
def capped(ctx: Context[Script]) -> Node[str]:
    """The shell is the first of three calls."""
    return work(ctx)


@workflow(input=Script, allow_runs=2, budget=Budget(calls=3))
def more(ctx: Context[Script]) -> Node[str]:
    last = Task("more", agent=Echo(), prompt="more")
    return Sequence(work(ctx), last, result=last)


@workflow(input=Script)
def refusing(ctx: Context[Script]) -> Node[Completed]:
    return Command("work", ["/bin/sh", "-c", ctx.input.script])


@workflow(input=Script, allow_runs=2)
def program(ctx: Context[Script]) -> Node[Completed]:
    return Command("work", ["/bin/sh", "-c", ctx.input.script])


@workflow(input=Script, allow_runs=2)
def step(ctx: Context[Script]) -> Node[str]:
    def run() -> str:
        subprocess.run(["/bin/sh", "-c", ctx.input.script], check=True, capture_output=True)
        return "done"

    return Step("work", run)


@workflow(allow_runs=2)
def inside(ctx: Context[NoInput]) -> Node[str]:
    """A step that starts a run in its own process."""

    async def run() -> str:
        from smithers.engine.settings import Unwatched
        from smithers.hub import Hub

        hub = Hub(FOLDER / ".smithers" / "smithers.db")
        file = str(FOLDER / "below.py")
        return (await hub.start(file, name="leaf", run_id="c1", observer=Unwatched())).status

    return Step("work", run)


@workflow(input=Script)
def nested(ctx: Context[Script]) -> Node[str]:
    """The run that allows starts is a child run."""
    return Subflow("one", single, input=ctx.input)


@workflow
def leaf(ctx: Context[NoInput]) -> Node[str]:
    def run() -> str:
        note("leaf")
        return "leaf"

    return Step("only", run)


@workflow
def calls(ctx: Context[NoInput]) -> Node[str]:
    """Two calls of an agent."""
    one = Task("one", agent=Echo(), prompt="one")
    two = Task("two", agent=Echo(), prompt="two")
    return Sequence(one, two, result=two)


@workflow
def asking(ctx: Context[NoInput]) -> Node:
    return Approval("ok", ask="?")


@workflow
def holding(ctx: Context[NoInput]) -> Node[str]:
    """It runs as long as a file is there."""

    async def run() -> str:
        note("held")
        while hold("hold-leaf"):  # noqa: ASYNC110  # another process takes the file away
            await asyncio.sleep(0.02)
        return "let go"

    return Step("only", run)


@workflow
def cleaning(ctx: Context[NoInput]) -> Node[None]:
    def wait() -> None:
        note("held")
        while hold("hold-leaf"):
            time.sleep(0.02)

    return Try(Step("only", wait), finally_=Step("clean", lambda: note("cleaned")))
