"""Write, review until approved (three times at most), ask a person, publish."""

from __future__ import annotations

from pydantic import BaseModel

from harnesses import Scripted
from smithers import Approval, Context, Loop, Node, Sequence, Step, Task, workflow


class Topic(BaseModel):
    topic: str = "Whales"


class Review(BaseModel):
    approved: bool
    remarks: str = ""


model = Scripted(  # for real work: ClaudeCode()
    {
        "write": ["Whales are big.", "Whales are big. They sing."],
        "review": lambda ask: Review(approved="sing" in ask.prompt, remarks="too short"),
    }
)


@workflow(input=Topic)
def publish_note(ctx: Context[Topic]) -> Node[str]:
    def ask_writer() -> str:
        last = ctx.previous(review)
        return f"Write about {ctx.input.topic}." + (f" Fix this: {last.remarks}" if last else "")

    write = Task("write", agent=model, prompt=ask_writer)
    review: Task[Review] = Task(
        "review", agent=model, output=Review, prompt=lambda: f"Review: {ctx[write]}"
    )
    rounds = Loop(write, review, until=lambda: ctx[review].approved, max_iterations=3)
    ok = Approval("ok", ask=lambda: f"Publish this? {ctx[write]}")
    publish = Step("publish", lambda: f"published: {ctx[write]}", effect=True)
    return Sequence(rounds, ok, publish, result=publish)
