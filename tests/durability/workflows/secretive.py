"""Steps and an agent that meet a secret wherever a value can go."""

from __future__ import annotations

import os

from pydantic import BaseModel

from harnesses import Echo
from smithers import Approval, Context, Node, NoInput, Sequence, Step, Task, workflow


class Found(BaseModel):
    url: str
    words: dict[str, str]


def secret() -> str:
    return os.environ["SHOP_API_TOKEN"]


def found() -> Found:
    value = secret()
    return Found(url=f"https://ann:{value}@shop.example", words={value: value[::-1]})


def boom() -> str:
    raise RuntimeError(f"refused for {secret()}")


@workflow
def secretive(ctx: Context[NoInput]) -> Node:
    first = Step("found", found)
    say = Task("say", agent=Echo(), prompt=lambda: f"use {secret()} on {ctx[first].url}")
    bad = Step("bad", boom, on_failure="continue")
    ask = Approval("ok", ask=lambda: f"spend with {secret()}?")
    return Sequence(first, say, bad, ask)
