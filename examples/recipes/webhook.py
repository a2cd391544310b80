"""A deployment waits for the signal that its build is over, one hour at most."""

from __future__ import annotations

from pydantic import BaseModel

from smithers import Context, Node, Sequence, Step, WaitForEvent, workflow


class Commit(BaseModel):
    sha: str = "7f3c2a9"


class Build(BaseModel):
    passed: bool
    url: str


@workflow(input=Commit)
def deploy(ctx: Context[Commit]) -> Node[str]:
    build = WaitForEvent(
        "build", event="build", output=Build, correlation=ctx.input.sha, timeout_s=3600
    )
    done = Step(
        "done", lambda: f"deployed {ctx[build].url}" if ctx[build].passed else "not deployed"
    )
    return Sequence(build, done, result=done)
