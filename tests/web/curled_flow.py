"""What the curl commands of the docs are typed for: a run that asks while an agent works."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from pydantic import BaseModel

from smithers import (
    Approval,
    Budget,
    Context,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.agent import Ask, Capabilities, Event, Steered


class Reviewer:
    """Works until it is ended, and takes what it is told."""

    name = "reviewer"
    can = Capabilities(steers=True)

    async def run(self, ask: Ask) -> AsyncGenerator[Event]:
        assert ask.messages is not None
        while True:
            yield Steered(await ask.messages.get())


class Topic(BaseModel):
    topic: str = "whales"


@workflow(budget=Budget(usd=5, calls=10))
def reviewed(ctx: Context[NoInput]) -> Node:
    draft = Step("draft", lambda: "WHALES", output=str)
    review = Task("review", agent=Reviewer(), prompt="Review it")
    return Parallel(review, Sequence(draft, Approval("ship", ask="Ship this?")))


@workflow(input=Topic)
def ship_it(ctx: Context[Topic]) -> Node[str]:
    topic = ctx.input.topic
    draft = Step("draft", lambda: topic.upper(), output=str)
    return Sequence(draft, Approval("ship", ask="Ship this?"), result=draft)
