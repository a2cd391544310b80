"""The workflow of the README with an agent that notes each request in the ledger."""

from __future__ import annotations

from ledger import Ledgered
from pydantic import BaseModel

from harnesses import ClaudeCode
from smithers import Context, Node, Sequence, Task, workflow

claude = Ledgered(ClaudeCode(permission_mode="acceptEdits"))


class Brief(BaseModel):
    topic: str = "durable execution"


class Plan(BaseModel):
    steps: list[str]


@workflow(input=Brief)
def ship_it(ctx: Context[Brief]) -> Node:
    research = Task("research", agent=claude, prompt=f"Research {ctx.input.topic}")
    plan = Task("plan", agent=claude, output=Plan, prompt=lambda: f"Plan from:\n{ctx[research]}")
    implement = Task("implement", agent=claude, prompt=lambda: f"Do: {ctx[plan].steps}")
    return Sequence(research, plan, implement, result=implement)
