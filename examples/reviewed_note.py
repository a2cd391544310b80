"""A note that is written and reviewed until the review approves; the agent just echoes."""

from __future__ import annotations

from pydantic import BaseModel

from harnesses import Echo
from smithers import Context, Loop, Node, Sequence, Step, Task, workflow

echo = Echo()


class Brief(BaseModel):
    topic: str = "whales"


class Review(BaseModel):
    approved: bool
    remarks: str = ""


def prompt(topic: str, last: Review | None) -> str:
    """The first round gets the topic alone, later rounds the last remarks as well."""
    return f"Write about {topic}." + (f" Mend this: {last.remarks}" if last else "")


@workflow(input=Brief)
def reviewed_note(ctx: Context[Brief]) -> Node[str]:
    # `review` stands further down: mypy wants that variable annotated, pyright does not.
    note = Task("note", agent=echo, prompt=lambda: prompt(ctx.input.topic, ctx.previous(review)))
    review: Task[Review] = Step(
        "review", lambda: Review(approved="Mend" in ctx[note], remarks="too short"), output=Review
    )
    rounds = Loop(note, review, until=lambda: ctx[review].approved, max_iterations=3)
    return Sequence(rounds, result=note)
