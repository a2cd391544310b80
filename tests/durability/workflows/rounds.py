"""A child run that continues as others; tests edit this file between two owners."""

from __future__ import annotations

import asyncio

from ledger import hold, note
from pydantic import BaseModel

from smithers import Context, ContinueAsNew, Node, NoInput, Sequence, Step, Subflow, workflow


class Round(BaseModel):
    number: int = 1


@workflow(input=Round)
def rounds(ctx: Context[Round]) -> Node:
    number = ctx.input.number

    async def work() -> None:
        note(f"round {number}")
        while hold(f"hold-{number}"):  # noqa: ASYNC110  # another process takes the file away
            await asyncio.sleep(0.02)

    again = ContinueAsNew(Round(number=number + 1)) if number < 4 else None
    return Sequence(Step("work", work), again)


@workflow
def whole(ctx: Context[NoInput]) -> Node:
    return Sequence(Subflow("part", rounds, input=Round()), Step("last", lambda: note("last")))
