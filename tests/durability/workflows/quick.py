"""Three steps that take no time, each noted in the ledger."""

from __future__ import annotations

import asyncio

from ledger import note

from smithers import Context, Node, NoInput, Sequence, Step, workflow


def first() -> str:
    note("first")
    return "1"


async def second() -> str:
    note("second")
    await asyncio.sleep(0)
    return "2"


def third() -> str:
    note("third")
    return "3"


@workflow
def quick(ctx: Context[NoInput]) -> Node:
    last = Step("third", third)
    return Sequence(Step("first", first), Step("second", second), last, result=last)
