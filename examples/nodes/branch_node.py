"""One of two."""

from __future__ import annotations

from pydantic import BaseModel

from smithers import Branch, Context, Node, Sequence, Step, workflow


class Amount(BaseModel):
    euros: int = 30


@workflow(input=Amount)
def flow(ctx: Context[Amount]) -> Node[str]:
    score = Step("score", lambda: ctx.input.euros * 2)
    big, small = Step("big", lambda: "ask the boss"), Step("small", lambda: "just buy it")
    choice = Branch(lambda: ctx[score] > 100, big, small, id="choice")
    return Sequence(score, choice, result=choice)
