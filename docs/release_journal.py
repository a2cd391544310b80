"""Research, plan, do, and ask a person before it is published: what the docs' pictures show."""

from __future__ import annotations

import difflib
from pathlib import Path

from pydantic import BaseModel

from harnesses import ClaudeCode
from smithers import Approval, Command, Context, Node, NoInput, Sequence, Step, Task, workflow

claude = ClaudeCode(permission_mode="acceptEdits")


class Plan(BaseModel):
    steps: list[str]


def changes() -> str:
    """What the agent wrote, as a diff."""
    lines = Path("journal.py").read_text().splitlines()
    return "\n".join(difflib.unified_diff([], lines, "/dev/null", "b/journal.py", lineterm=""))


@workflow
def release(ctx: Context[NoInput]) -> Node:
    research = Task("research", agent=claude, prompt="Research durable execution")
    plan = Task("plan", agent=claude, output=Plan, prompt=lambda: f"Plan from:\n{ctx[research]}")
    implement = Task("implement", agent=claude, prompt=lambda: f"Do: {ctx[plan].steps}")
    diff = Step("diff", changes, output=str)
    ship = Approval("ship", ask=lambda: f"Publish the journal?\n\n{ctx[diff]}\n\n{ctx[implement]}")
    publish = Command("publish", ["git", "push", "origin", "main"])
    return Sequence(research, plan, implement, diff, ship, publish)
