"""As many agent tasks as are asked for, each with a recording of its own in SMITHERS_REPLAY."""

from __future__ import annotations

from pydantic import BaseModel

from harnesses import ClaudeCode
from smithers import Context, Node, Parallel, Task, workflow

claude = ClaudeCode()


class Size(BaseModel):
    tasks: int
    limit: int


@workflow(input=Size, max_concurrency=1000)
def replayed(ctx: Context[Size]) -> Node:
    tasks = (Task(f"t{n}", agent=claude, prompt=f"Case {n}.") for n in range(ctx.input.tasks))
    return Parallel(*tasks, limit=ctx.input.limit)
