"""Workflows with what would rather not wait for a person: an agent, and a step."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from pydantic import BaseModel

from harnesses import ClaudeCode
from smithers import Approval, Context, Node, NoInput, Parallel, Step, Task, workflow


class Other(BaseModel):
    run_id: str


@workflow
def impatient(ctx: Context[NoInput]) -> Node[Any]:
    """An agent with a shell, beside an approval of its own run."""
    agent = ClaudeCode(allowed_tools=["Bash"])
    return Parallel(
        Approval("ship", ask="Ship this?"),
        Task("work", agent=agent, prompt="Get it shipped."),
    )


@workflow(input=Other)
def approves(ctx: Context[Other]) -> Node[str]:
    """A step that types what a person would."""
    run_id = ctx.input.run_id

    def type_it() -> str:
        command = [sys.executable, "-m", "smithers", "approve", run_id, "ship"]
        done = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
        return f"{done.returncode} {done.stderr}"

    typed = Step("typed", type_it, output=str)
    return Parallel(typed, result=typed)
