"""Sequences of steps that do nothing."""

from __future__ import annotations

from pydantic import BaseModel

from smithers import Context, Node, Sequence, Step, workflow


class Size(BaseModel):
    kind: str
    count: int


async def asynchronous() -> int:
    return 1


def synchronous() -> int:
    return 1


@workflow(input=Size)
def steps(ctx: Context[Size]) -> Node:
    run = asynchronous if ctx.input.kind == "asynchronous" else synchronous
    return Sequence(*(Step(f"step {number}", run) for number in range(ctx.input.count)))
