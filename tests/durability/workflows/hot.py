"""A step that runs until a file `go` is there, then what an edit may change."""

import asyncio
from pathlib import Path

import hot_words

from smithers import Approval, Context, Node, NoInput, Sequence, Step, workflow


def note(word: str) -> str:
    with Path("ledger").open("a") as ledger:
        ledger.write(word + "\n")
    return word


async def hold() -> str:
    note("hold")
    while not Path("go").exists():  # noqa: ASYNC110, ASYNC240
        await asyncio.sleep(0.05)
    return "held"


@workflow
def hot(ctx: Context[NoInput]) -> Node:
    first = Step("hold", hold)
    gate = Approval("gate", ask="Ship it?", on_deny="continue")
    last = Step("last", lambda: note(f"old {hot_words.WORD}"), output=str)
    return Sequence(first, gate, last, result=last)
