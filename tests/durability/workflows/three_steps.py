"""research, plan, implement: each notes itself in the ledger; plan waits while a file is there."""

from __future__ import annotations

import asyncio

from ledger import hold, note

from smithers import Context, Node, NoInput, Sequence, Step, workflow


async def research() -> str:
    note("research")
    return "facts"


async def plan() -> str:
    note("plan")
    while hold("hold-plan"):  # noqa: ASYNC110  # another process takes the file away
        await asyncio.sleep(0.02)
    return "steps"


async def implement() -> str:
    note("implement")
    return "done"


@workflow
def three_steps(ctx: Context[NoInput]) -> Node:
    last = Step("implement", implement)
    return Sequence(Step("research", research), Step("plan", plan), last, result=last)
