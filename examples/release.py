"""A release that waits: for a person's answer, for a deployment to report, and for a quiet time.

While it waits, nothing runs. A denial sends the notes back; the deployment reports with

    smithers send RUN deployed --correlation 1.4 --data '{"host": "web-1"}'
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from harnesses import Echo
from smithers import (
    Context,
    HumanTask,
    Node,
    NoInput,
    Rework,
    Sequence,
    Task,
    Timer,
    WaitForEvent,
    workflow,
)

echo = Echo()


class Release(BaseModel):
    version: str = Field(pattern=r"^\d+\.\d+$", description="As in 1.4.")
    channel: Literal["beta", "stable"] = "beta"


class Deployed(BaseModel):
    host: str


@workflow
def release(ctx: Context[NoInput]) -> Node[str]:
    notes = Task("notes", agent=echo, prompt="Write the release notes.")
    what = HumanTask(
        "what",
        ask=lambda: f"Release with these notes?\n\n{ctx[notes]}",
        output=Release,
        on_deny=Rework(notes),
    )
    deployed = WaitForEvent(
        "deployed",
        event="deployed",
        correlation=lambda: ctx[what].version,
        output=Deployed,
        timeout_s=7 * 24 * 3600,
    )
    settle = Timer("settle", seconds=1)
    tell = Task(
        "tell",
        agent=echo,
        prompt=lambda: f"{ctx[what].version} ({ctx[what].channel}) is on {ctx[deployed].host}",
    )
    return Sequence(notes, what, deployed, settle, tell, result=tell)
