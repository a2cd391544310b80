"""A workflow that works, asks, and ends."""

from __future__ import annotations

from pydantic import BaseModel

from smithers import Approval, Context, Node, Sequence, Step, workflow


class Brief(BaseModel):
    topic: str = "whales"


@workflow(input=Brief)
def ships(ctx: Context[Brief]) -> Node[str]:
    topic = ctx.input.topic
    draft = Step("draft", lambda: topic.upper(), output=str)
    ship = Approval("ship", ask=lambda: f"Ship this?\n{ctx[draft]}")
    return Sequence(draft, ship, result=draft)
