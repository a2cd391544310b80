"""A review loop: write a note, have it reviewed, and write again until the review approves."""

from __future__ import annotations

from pydantic import BaseModel
from scripted import Scripted

from smithers import Context, Loop, Node, Sequence, Task, workflow


class Brief(BaseModel):
    topic: str = "whales"


class Review(BaseModel):
    approved: bool
    remarks: str = ""


def write(prompt: str) -> str:
    return "Whales are big. They sing." if "too short" in prompt else "Whales are big."


def judge(prompt: str) -> str:
    review = Review(approved="sing" in prompt, remarks="too short")
    return review.model_dump_json()


writer = Scripted(write, "writer")  # for real work: ClaudeCode()
reviewer = Scripted(judge, "reviewer")  # for real work: Codex()


def ask(topic: str, last: Review | None) -> str:
    """The first iteration gets the topic; later ones the remarks of the last review as well."""
    return f"Write about {topic}." + (f" Fix this: {last.remarks}" if last else "")


@workflow(input=Brief)
def reviewed_note(ctx: Context[Brief]) -> Node[str]:
    # `review` is defined below: mypy needs its type here, pyright does not.
    note = Task("note", agent=writer, prompt=lambda: ask(ctx.input.topic, ctx.previous(review)))
    review: Task[Review] = Task(
        "review", agent=reviewer, output=Review, prompt=lambda: f"Review this note:\n{ctx[note]}"
    )
    loop = Loop(note, review, until=lambda: ctx[review].approved, max_iterations=3)
    return Sequence(loop, result=note)
