"""Two hundred steps side by side, then a loop: something is always in flight."""

from __future__ import annotations

import asyncio

from ledger import note
from pydantic import BaseModel

from smithers import Context, Loop, Node, Parallel, Sequence, Step, workflow


class Size(BaseModel):
    width: int = 60
    rounds: int = 10


@workflow(input=Size, max_concurrency=5)
def wide(ctx: Context[Size]) -> Node:
    def one(number: int) -> Step[int]:
        async def run() -> int:
            note(f"start {number}")
            await asyncio.sleep(0.002)
            note(f"end {number}")
            return number

        return Step(f"one {number}", run)

    async def count() -> int:
        last = ctx.previous(round_)
        note(f"round {last}")
        return (last or 0) + 1

    round_: Step[int] = Step("round", count, output=int)
    loop = Loop(
        round_,
        until=lambda: ctx[round_] >= ctx.input.rounds,
        max_iterations=ctx.input.rounds,
        id="rounds",
    )
    return Sequence(Parallel(*map(one, range(ctx.input.width))), loop)
