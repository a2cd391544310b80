"""Sequences of steps that do nothing, and of agents that repeat what they are told."""

from __future__ import annotations

from pydantic import BaseModel

from harnesses import Echo
from smithers import Context, Node, Parallel, Sequence, Step, Task, workflow


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


@workflow(input=Size)
def continued(ctx: Context[Size]) -> Node:
    """Tasks of an agent of which each continues the session of the one before."""
    agent, tasks = Echo(), list[Task[str]]()
    for number in range(ctx.input.count):
        before = tasks[-1] if tasks else None
        tasks.append(Task(f"task {number}", agent=agent, prompt="x", continues=before))
    return Parallel(*tasks)
