"""Work that lasts until there is a file, beside a question; a second question after both."""

from __future__ import annotations

import asyncio
from pathlib import Path

from pydantic import BaseModel

from smithers import Approval, Context, Node, Parallel, Sequence, Step, workflow


class Held(BaseModel):
    until: Path


async def hold(until: Path) -> str:
    while not until.exists():  # noqa: ASYNC110, ASYNC240
        await asyncio.sleep(0.01)
    return "held"


@workflow(input=Held)
def held(ctx: Context[Held]) -> Node[str]:
    until = ctx.input.until
    work = Step("work", lambda: hold(until), output=str)
    return Sequence(
        Parallel(work, Approval("first", ask="First?")),
        Approval("second", ask="Second?"),
        result=work,
    )
