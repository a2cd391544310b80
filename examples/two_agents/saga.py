"""Saga on two agents: Claude Code changes a branch; if Codex refuses it, all of it is undone."""

from __future__ import annotations

from pydantic import BaseModel

from harnesses import ClaudeCode, Codex
from smithers import Command, Compensated, Context, Node, Saga, Step, Task, workflow

claude = ClaudeCode(permission_mode="acceptEdits")
codex = Codex()


class Change(BaseModel):
    goal: str
    branch: str


class Review(BaseModel):
    approved: bool
    feedback: str


@workflow(input=Change)
def undone_change(ctx: Context[Change]) -> Node[str]:
    goal, name = ctx.input.goal, ctx.input.branch
    branch = Command("new branch", ["git", "switch", "--create", name])
    no_branch = Command("no branch", f"git switch - && git branch -D {name}", shell=True)
    change = Task("change", agent=claude, prompt=f"Change this project: {goal}")
    restore = Command("restore", "git restore . && git clean --force -d", shell=True)
    review = Task(
        "review",
        agent=codex,
        output=Review,
        prompt=lambda: f"Review the change for {goal!r}. Its author says: {ctx[change]}",
    )

    def judge() -> str:
        if not ctx[review].approved:
            raise ValueError(f"refused: {ctx[review].feedback}")
        return name

    accept = Step("accept", judge)
    return Saga(
        Compensated(branch, no_branch),
        Compensated(change, restore),
        review,
        accept,
        result=accept,
        id="change or nothing",
    )
