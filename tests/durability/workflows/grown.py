"""A tree whose outputs decide its parts: 40 steps, each noted in the ledger as it starts."""

from __future__ import annotations

import asyncio

from ledger import note

from smithers import Context, Node, NoInput, Sequence, Step, workflow


@workflow
def grown(ctx: Context[NoInput]) -> Node[str]:
    def part(number: int) -> Sequence[None]:
        async def run() -> int:
            note(f"start {number}")
            await asyncio.sleep(0.01)
            return number + 1

        one = Step(f"one {number}", run, output=int)
        return Sequence(one, then=lambda: part(ctx[one]) if ctx[one] < 40 else None)

    return Sequence(part(0), result=lambda: "all")
