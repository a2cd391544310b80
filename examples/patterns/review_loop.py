"""A release note is reviewed, and improved in the session of its writer."""

from __future__ import annotations

from answers import Answers
from pydantic import BaseModel

from smithers import Context, Node, NoInput, Task, workflow
from smithers.patterns import ReviewLoop


class Review(BaseModel):
    approved: bool
    feedback: str = ""


def write(prompt: str) -> str:
    return "Pages load in half the time." if "how much" in prompt else "Pages load faster."


def judge(prompt: str) -> Review:
    return Review(approved="half" in prompt, feedback="Say how much faster.")


writer = Answers(write, "writer")  # for real work: ClaudeCode()
reviewer = Answers(judge, "reviewer")  # for real work: [Codex(), ClaudeCode()]


@workflow
def release_note(ctx: Context[NoInput]) -> Node[str]:
    note = Task("note", agent=writer, prompt="Write the release note.")
    review = Task(
        "review", agent=reviewer, output=Review, prompt=lambda: f"Review this note:\n{ctx[note]}"
    )
    return ReviewLoop("reviewed", ctx, note, review, max_rounds=4)
