"""An agent answers in the shape of a model."""

from __future__ import annotations

from pydantic import BaseModel

from harnesses import Scripted
from smithers import Context, Node, NoInput, Sequence, Task, workflow


class Review(BaseModel):
    approved: bool
    remarks: str


agent = Scripted(  # for real work: ClaudeCode(), Codex(), or a list of them
    {"draft": "Whales sing.", "review": Review(approved=True, remarks="none")}
)


@workflow
def flow(ctx: Context[NoInput]) -> Node[Review]:
    draft = Task("draft", agent=agent, prompt="Write about whales.")
    review = Task("review", agent=agent, output=Review, prompt=lambda: f"Review: {ctx[draft]}")
    return Sequence(draft, review, result=review)
