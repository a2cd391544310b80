"""Workflows that a program hands over: a global of this file, and one that no file has."""

from __future__ import annotations

import sys

from pydantic import BaseModel

from smithers import (
    Approval,
    Command,
    Context,
    ContinueAsNew,
    Node,
    NoInput,
    Sequence,
    Step,
    Subflow,
    Workflow,
    workflow,
)


class Brief(BaseModel):
    topic: str


class Note(BaseModel):
    text: str


def gate(ctx: Context[Brief]) -> Node[Note]:
    draft = Step("draft", lambda: f"about {ctx.input.topic}")
    ask = Approval("send", ask=lambda: f"Send?\n{ctx[draft]}", on_deny="fail")
    sent = Step("sent", lambda: Note(text=f"{ctx[draft]}, sent by {ctx[ask].by}"), output=Note)
    return Sequence(draft, ask, sent, result=sent)


importable = workflow(input=Brief)(gate)


def made(name: str = "made") -> Workflow[Brief, Note]:
    """A workflow that is a global of no module."""
    return workflow(input=Brief, name=name)(gate)


def made_around() -> Workflow[Brief, Note]:
    """One of these as a child run of another."""
    inner = made("inner")

    @workflow(input=Brief)
    def around(ctx: Context[Brief]) -> Node[Note]:
        return Subflow("child", inner, input=lambda: ctx.input)

    return around


@workflow
def sleeping(ctx: Context[NoInput]) -> Node[object]:
    return Command("sleep", [sys.executable, "-c", "import time; time.sleep(600)"])


@workflow
def failing(ctx: Context[NoInput]) -> Node[object]:
    return Step("broken", lambda: 1 // 0)


class Count(BaseModel):
    left: int


@workflow(input=Count)
def counting(ctx: Context[Count]) -> Node[object]:
    left = ctx.input.left
    if left:
        return ContinueAsNew(Count(left=left - 1))
    return Step("last", lambda: "done")
