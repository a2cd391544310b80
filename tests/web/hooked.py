"""Workflows that hooks reach: one waits for a build, one is started for an issue."""

from __future__ import annotations

from pydantic import BaseModel

from smithers import Approval, Context, Node, NoInput, Sequence, Step, WaitForEvent, workflow


class Build(BaseModel):
    passed: bool
    url: str = "none"


@workflow
def deploys(ctx: Context[NoInput]) -> Node[str]:
    build = WaitForEvent("build", event="build", output=Build)
    done = Step("done", lambda: f"{ctx[build].passed} {ctx[build].url}", output=str)
    return Sequence(build, done, result=done)


class Issue(BaseModel):
    number: int
    title: str = "untitled"


@workflow(input=Issue)
def triage(ctx: Context[Issue]) -> Node:
    return Approval("take", ask=f"Take #{ctx.input.number} {ctx.input.title}?")
