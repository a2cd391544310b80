"""A step that pays, which must not happen twice."""

from __future__ import annotations

import asyncio

from ledger import hold, note

from smithers import Context, Node, NoInput, Sequence, Step, workflow


async def pay() -> str:
    note("pay")
    while hold("hold-pay"):  # noqa: ASYNC110  # another process takes the file away
        await asyncio.sleep(0.02)
    return "paid"


@workflow
def pays(ctx: Context[NoInput]) -> Node[str]:
    paid = Step("pay", pay, effect=True)
    return Sequence(paid, Step("ship", lambda: note("ship")), result=paid)
