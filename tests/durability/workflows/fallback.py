"""Agents that are over their limits: each asks a file of the folder what to do, and tells a ledger.

A file `NAME.busy` makes the agent of that name refuse: it holds the seconds to wait that the
provider tells, or nothing. `NAME.slow` makes it hang after its first words, and with `NAME.gone` it
is not installed.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from smithers import Context, Node, NoInput, Sequence, Step, Task, workflow
from smithers.agent import Answered, Ask, Capabilities, Event, Said
from smithers.errors import Busy, NotInstalled


class Told:
    can = Capabilities()

    def __init__(self, name: str) -> None:
        self.name = name
        self.limit = f"{name}-account"

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        note(self.name)
        if content(f"{self.name}.gone") is not None:
            raise NotInstalled(self.name, f"apt install {self.name}")
        if (busy := content(f"{self.name}.busy")) is not None:
            told = datetime.now(UTC) + timedelta(seconds=float(busy)) if busy else None
            raise Busy(self.name, told, why="too many requests")
        yield Said(f"{self.name} is at it")
        if content(f"{self.name}.slow") is not None:
            await asyncio.Event().wait()
        yield Answered(f"by {self.name}")


def note(name: str) -> None:
    with open(os.environ["LEDGER"], "a") as ledger:
        ledger.write(f"{name}\n")


def content(file: str) -> str | None:
    return Path(file).read_text() if Path(file).exists() else None


first, second = Told("first"), Told("second")


@workflow
def either(ctx: Context[NoInput]) -> Node[str]:
    return Task("work", agent=[first, second], prompt="do it")


@workflow
def twice(ctx: Context[NoInput]) -> Node[str]:
    work = Task("work", agent=[first, second], prompt="do it")
    more = Task("more", agent=[first, second], prompt="do more")
    return Sequence(work, more, result=more)


@workflow
def later(ctx: Context[NoInput]) -> Node[str]:
    async def gate() -> None:
        while content("open") is None:  # noqa: ASYNC110  # another process makes it
            await asyncio.sleep(0.02)

    work = Task("work", agent=[first, second], prompt="do it")
    return Sequence(Step("gate", gate), work, result=work)
