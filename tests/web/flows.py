"""A workflow that works, asks, and ends."""

from __future__ import annotations

from pydantic import BaseModel

from smithers import Approval, Context, Node, NoInput, Sequence, Step, workflow


class Brief(BaseModel):
    topic: str = "whales"


@workflow
def asks_ann(ctx: Context[NoInput]) -> Node:
    return Sequence(Approval("ship", ask="Ship this?", allowed_by=["ann"]))


@workflow(input=Brief)
def ships(ctx: Context[Brief]) -> Node[str]:
    topic = ctx.input.topic
    draft = Step("draft", lambda: topic.upper(), output=str)
    ship = Approval("ship", ask=lambda: f"Ship this?\n{ctx[draft]}")
    return Sequence(draft, ship, result=draft)
