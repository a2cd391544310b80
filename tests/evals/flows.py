"""Workflows that evals run, and functions that score what they give."""

from __future__ import annotations

import asyncio
import sys
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel

from harnesses import Scripted
from harnesses.scripted import Reply
from smithers import (
    Approval,
    Command,
    Completed,
    Context,
    Node,
    NoInput,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.agent import Ask, Used

LEDGER = Path("ledger")


class Ticket(BaseModel):
    text: str


def label(ask: Ask) -> Reply:
    if "boom" in ask.prompt:
        raise RuntimeError("the agent went away")
    answer = "bug" if "crash" in ask.prompt else "question"
    return Reply(answer=answer, usage=Used(tokens_in=10, tokens_out=2, cost=Decimal("0.25")))


agent = Scripted({"label": label})


@workflow(input=Ticket)
def triage(ctx: Context[Ticket]) -> Node[str]:
    return Task("label", agent=agent, prompt=f"Label this: {ctx.input.text}")


@workflow(input=Ticket)
def guess(ctx: Context[Ticket]) -> Node[str]:
    """A worse one."""
    return Step("label", lambda: "bug" if ctx.input.text else "")


@workflow(input=Ticket)
def asks(ctx: Context[Ticket]) -> Node[str]:
    done = Step("label", lambda: "bug")
    return Sequence(Approval("ok", ask="Go on?"), done, result=done)


@workflow
def starts_eval(ctx: Context[NoInput]) -> Node[Completed]:
    typed = ("eval", f"{__file__}:triage", "--cases", "cases.jsonl", "--run-id", "e1")
    return Command("eval", [sys.executable, "-m", "smithers", *typed], check=False)


def note(text: str) -> None:
    with LEDGER.open("a") as file:
        file.write(f"{text}\n")


def is_held(text: str) -> bool:
    return text == "slow" and Path("hold").exists()


@workflow(input=Ticket)
def held(ctx: Context[Ticket]) -> Node[str]:
    """Notes itself, and ends at once unless there is a file `hold`."""
    text = ctx.input.text

    async def work() -> str:
        note(text)
        for _ in range(10_000):
            if not is_held(text):
                break
            await asyncio.sleep(0.01)
        return text

    return Step("work", work)


def score(output: str, expected: str) -> dict[str, float | bool]:
    if expected == "raises":
        raise ValueError("this cannot be scored")
    return {"exact": output == expected, "length": len(output)}


async def with_input(output: str, expected: str, input: dict[str, str]) -> float:
    return len(output) / len(input["text"])


def gives_text(output: str) -> str:
    return output


def dollars(output: str) -> dict[str, float]:
    return {"usd": 0.125, "time_s": 7}


def takes_nothing() -> float:
    return 1.0
