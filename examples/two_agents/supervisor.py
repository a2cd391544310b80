"""Supervisor on two agents: Claude Code plans and checks, Codex works, two parts at once."""

from __future__ import annotations

from pydantic import BaseModel

from harnesses import ClaudeCode, Codex
from smithers import Context, Node, Task, workflow
from smithers.patterns import Supervisor

claude = ClaudeCode()
codex = Codex(sandbox="workspace-write")


class Feature(BaseModel):
    feature: str


class Part(BaseModel):
    name: str
    goal: str
    needs: list[str]


class Check(BaseModel):
    approved: bool
    feedback: str


@workflow(input=Feature)
def supervised(ctx: Context[Feature]) -> Node[list[str]]:
    plan = Task(
        "plan",
        agent=claude,
        output=list[Part],
        prompt=f"Split this into parts: {ctx.input.feature}",
    )

    def work(part: Part) -> Node[str]:
        return Task(f"work {part.name}", agent=codex, prompt=part.goal)

    def check(part: Part, made: Node[str]) -> Node[Check]:
        return Task(
            f"check {part.name}",
            agent=claude,
            output=Check,
            prompt=lambda: f"Is this reached: {part.goal} The worker says: {ctx[made]}",
        )

    return Supervisor("parts", ctx, plan, work, check, limit=2)
