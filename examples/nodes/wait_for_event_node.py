"""A payment is waited for."""

from __future__ import annotations

from pydantic import BaseModel

from smithers import Context, Node, NoInput, Sequence, Step, WaitForEvent, workflow


class Paid(BaseModel):
    amount: int


@workflow
def flow(ctx: Context[NoInput]) -> Node[str]:
    paid = WaitForEvent("paid", event="payment", output=Paid, correlation="4711")
    done = Step("ship", lambda: f"shipped for {ctx[paid].amount} EUR")
    return Sequence(paid, done, result=done)
