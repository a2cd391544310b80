"""Draft a release note, let a reviewer criticise it, improve until satisfied or 4 rounds, ask me;
if I deny, take my note into another round; publish.
"""

from __future__ import annotations

from pydantic import BaseModel

from harnesses import ClaudeCode, Codex
from smithers import Approval, Command, Context, Node, Rework, Sequence, Task, workflow
from smithers.patterns import ReviewLoop

writer, critic = ClaudeCode(), Codex()


class Release(BaseModel):
    tag: str


class Review(BaseModel):
    approved: bool
    feedback: str


@workflow(input=Release)
def release_note(ctx: Context[Release]) -> Node:
    tag = ctx.input.tag
    draft = Task("draft", agent=writer, prompt=f"Write the release note for {tag}.")
    review = Task(
        "review", agent=critic, output=Review, prompt=lambda: f"Criticise this:\n{ctx[draft]}"
    )
    note = ReviewLoop("note", ctx, draft, review, max_rounds=4, on_exhausted="finish")
    ask = Approval("ask", ask=lambda: f"Publish this?\n\n{ctx[note]}", on_deny=Rework(draft))
    publish = Command(
        "publish", ["gh", "release", "create", tag, "-F", "-"], stdin=lambda: ctx[note]
    )
    return Sequence(note, ask, publish)
