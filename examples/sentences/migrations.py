"""For each migration of a list: plan, apply, verify; if a verify fails undo all applied ones in
reverse order and tell me which.
"""

from __future__ import annotations

from pydantic import BaseModel, Field

from harnesses import ClaudeCode
from smithers import Command, Compensated, Context, ForEach, Node, Saga, Sequence, Task, workflow

planner = ClaudeCode()


class Migrations(BaseModel):
    wanted: list[str]


class Plan(BaseModel):
    apply: str = Field(description="A shell command that does the migration.")
    undo: str = Field(description="A shell command that takes it back.")
    verify: str = Field(description="A shell command that fails unless it is done.")


@workflow(input=Migrations)
def migrations(ctx: Context[Migrations]) -> Node:
    def migrate(name: str) -> Node:
        plan = Task(f"plan {name}", agent=planner, output=Plan, prompt=f"Plan this: {name}")
        apply = Command(f"apply {name}", lambda: ctx[plan].apply, shell=True)
        undo = Command(f"undo {name}", lambda: ctx[plan].undo, shell=True)
        verify = Command(f"verify {name}", lambda: ctx[plan].verify, shell=True)
        return Sequence(plan, Compensated(apply, undo), verify)

    return Saga(ForEach(ctx.input.wanted, key=str, each=migrate, limit=1))
