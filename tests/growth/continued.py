"""Tasks of an agent of which each continues the session of the one before."""

from __future__ import annotations

from pydantic import BaseModel

from harnesses import Echo
from smithers import Context, Node, Parallel, Task, workflow


class Size(BaseModel):
    count: int


@workflow(input=Size)
def continued(ctx: Context[Size]) -> Node:
    agent, tasks = Echo(), list[Task[str]]()
    for number in range(ctx.input.count):
        before = tasks[-1] if tasks else None
        tasks.append(Task(f"task {number}", agent=agent, prompt="x", continues=before))
    return Parallel(*tasks)
