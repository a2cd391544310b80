"""ReviewLoop on two agents: Claude Code changes the code until Codex approves it."""

from __future__ import annotations

from pydantic import BaseModel

from harnesses import ClaudeCode, Codex
from smithers import Context, Node, Task, workflow
from smithers.patterns import ReviewLoop

claude = ClaudeCode(permission_mode="acceptEdits")
codex = Codex()


class Change(BaseModel):
    goal: str


class Review(BaseModel):
    approved: bool
    feedback: str


@workflow(input=Change)
def reviewed_change(ctx: Context[Change]) -> Node[str]:
    goal = ctx.input.goal
    work = Task("work", agent=claude, prompt=f"Change this project: {goal}")
    review = Task(
        "review",
        agent=codex,
        output=Review,
        prompt=lambda: f"Review the change for {goal!r}. Its author says: {ctx[work]}",
    )
    return ReviewLoop("reviewed", ctx, work, review, max_rounds=3)
