"""The workflow of a child run; tests edit this file between two owners."""

from __future__ import annotations

import asyncio

from ledger import hold, note
from pydantic import BaseModel

from harnesses import Echo
from smithers import Context, Node, Sequence, Step, Task, workflow


class Part(BaseModel):
    name: str = "a"


@workflow(input=Part)
def part(ctx: Context[Part]) -> Node[str]:
    name = ctx.input.name

    def first() -> str:
        note(f"{name} first")
        return name

    async def held() -> str:
        note(f"{name} held")
        while hold(f"hold-{name}"):  # noqa: ASYNC110  # another process takes the file away
            await asyncio.sleep(0.02)
        if hold(f"broken-{name}"):
            raise OSError(f"{name} is broken")
        return name

    def last() -> str:
        note(f"{name} last")
        return name

    end = Step("last", last)
    ask = Task("ask", agent=Echo(), prompt=name)
    return Sequence(Step("first", first), Step("held", held), ask, end, result=end)
