"""Workflows whose child runs wait: for a person after they have continued, and for a budget."""

from __future__ import annotations

from pydantic import BaseModel

from harnesses import Echo
from smithers import (
    Approval,
    Budget,
    Context,
    ContinueAsNew,
    Node,
    NoInput,
    Sequence,
    Subflow,
    Task,
    workflow,
)


class Round(BaseModel):
    number: int = 1


@workflow(input=Round)
def rounds(ctx: Context[Round]) -> Node:
    asked = Approval("q", ask=f"go on with {ctx.input.number}?")
    following = Round(number=ctx.input.number + 1)
    return Sequence(asked, ContinueAsNew(following) if ctx.input.number < 3 else None)


@workflow
def parent(ctx: Context[NoInput]) -> Node:
    return Subflow("k", rounds, input=Round())


@workflow
def seven(ctx: Context[NoInput]) -> Node:
    return Sequence(*(Task(f"t{n}", agent=Echo(), prompt="p") for n in range(7)))


@workflow
def between(ctx: Context[NoInput]) -> Node:
    return Subflow("x", seven)


@workflow(budget=Budget(calls=2))
def capped(ctx: Context[NoInput]) -> Node:
    return Subflow("m", between)


@workflow
def after_yes(ctx: Context[NoInput]) -> Node:
    return Sequence(
        Approval("ok", ask="?"), *(Task(f"t{n}", agent=Echo(), prompt="p") for n in range(4))
    )


@workflow(budget=Budget(calls=2))
def around(ctx: Context[NoInput]) -> Node:
    return Subflow("k", after_yes)
