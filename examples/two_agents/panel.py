"""Panel on two agents: three votes on a change, and a person decides if no choice has most."""

from __future__ import annotations

from pydantic import BaseModel

from harnesses import ClaudeCode, Codex
from smithers import Context, HumanTask, Node, Task, workflow
from smithers.patterns import Panel, Verdict, Vote

claude, codex = ClaudeCode(), Codex()
CHOICES = ["release", "wait"]


class Release(BaseModel):
    version: str


@workflow(input=Release)
def voted_release(ctx: Context[Release]) -> Node[Verdict]:
    ask = f"Is {ctx.input.version} ready? Vote {' or '.join(CHOICES)}, as"
    members = [
        Task("user", agent=claude, output=Vote, prompt=f"{ask} a user."),
        Task("maintainer", agent=claude, output=Vote, prompt=f"{ask} a maintainer."),
        Task("tester", agent=codex, output=Vote, prompt=f"{ask} a tester."),
    ]

    def tie(tied: list[str]) -> HumanTask[str]:
        return HumanTask("tie", ask=f"{ctx.input.version}: the votes are a tie.", choices=tied)

    return Panel("ready", ctx, *members, choices=CHOICES, tie=tie)
