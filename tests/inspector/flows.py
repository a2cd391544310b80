"""Workflows whose runs are looked at in a browser: usual ones, and those that attack it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from harnesses.echo import Echo
from smithers import (
    Approval,
    Context,
    HumanTask,
    Loop,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.agent import Answered, Ask, Capabilities, Event, Said, Steered, Used

EVIL = (
    "<script>window.hit = 1</script>\"'><img src=x onerror='window.hit = 1'>"
    "<svg onload=window.hit=1></svg><a href='javascript:window.hit=1'>x</a>"
    "<div hx-get=/api/v1/runs hx-trigger=load hx-swap-oob=innerHTML:#main>gone</div></script>"
)
EVIL_ID = "a<script>hit=1</script>\"'><img src=x onerror=hit=1>"
"""An id that may be one: it has no spaces at its ends, and no letters that are not printable."""
EVIL_DIFF = (
    f'--- a/"><script>hit=1</script>.py\n+++ b/"><script>hit=1</script>.py\n'
    f"@@ -1,2 +1,2 @@ {EVIL}\n same {EVIL}\n-{EVIL}\n+{EVIL}"
)
MERMAID = (
    '```mermaid\ngraph TD\n  A["<img src=x onerror=window.hit=1>"] --> B\n'
    '  click A "javascript:window.hit=1"\n```'
)
LONG_ID = "l" + "o" * 198 + "g"
WIDE = "w" * 5_000
RTL = "שלום עולם مرحبا بالعالم ‮evil‬ 漢字かな交じり文 " * 40
LONG_PROMPT = "a long prompt with many words in it\n" * 29_000
LONG_DIFF = "--- a/long.py\n+++ b/long.py\n@@ -0,0 +1,10000 @@\n" + "\n".join(
    f"+line {n} of the new file" for n in range(10_000)
)
DIFF = """Publish kettle 0.5?

--- a/kettle/__init__.py
+++ b/kettle/__init__.py
@@ -1,3 +1,4 @@
 "The parts of kettle."
-VERSION = "0.4"
+VERSION = "0.5"
+CHANNEL = "stable"
 NAME = "kettle"

The tests are green."""

echo = Echo()


class Listens:
    """Works until it is told something, and answers with that."""

    name = "listens"
    can = Capabilities(steers=True)

    async def run(self, ask: Ask) -> AsyncGenerator[Event]:
        yield Said("reading the code")
        assert ask.messages is not None
        text = await ask.messages.get()
        yield Steered(text)
        yield Answered(f"did as told: {text}")


class Priced:
    """Answers with its prompt, and tells what that cost."""

    name = "priced"
    can = Capabilities()

    def __init__(self, usd: str) -> None:
        self._usd = Decimal(usd)

    async def run(self, ask: Ask) -> AsyncGenerator[Event]:
        words = str(ask.prompt)
        yield Said(words[:80])
        yield Used(tokens_in=len(words), tokens_out=120, cost=self._usd, model="priced-1")
        yield Answered(f"{ask.task}: {words.splitlines()[0]}")


class Brief(BaseModel):
    topic: str = "whales"


class Gates(BaseModel):
    folder: Path


class Release(BaseModel):
    version: str = Field(description=EVIL)
    channel: Literal["stable", "beta", "<script>hit=1</script>"] = "stable"
    retries: int = 3
    notes: str = Field("", description="What changed, for those who read it.")


async def passed(gate: Path) -> str:
    """Waits until a test has made a file."""
    while not gate.exists():  # noqa: ASYNC110, ASYNC240
        await asyncio.sleep(0.02)
    return f"{gate.name} is done"


@workflow(input=Gates)
def gated(ctx: Context[Gates]) -> Node[str]:
    folder = ctx.input.folder
    draft = Step("draft", lambda: passed(folder / "draft"), output=str)
    ship = Approval("ship", ask=DIFF)
    publish = Step("publish", lambda: passed(folder / "publish"), output=str)
    return Sequence(draft, ship, publish, result=publish)


class Issue(BaseModel):
    title: str = Field("Retry-After as a date", description="What is wrong, in one line.")
    number: int = 418
    labels: list[str] = ["bug", "retry"]
    urgent: bool = False


@workflow(input=Issue)
def kettle(ctx: Context[Issue]) -> Node[str]:
    """Survey, fix until the tests pass, review, ask, publish."""
    issue = ctx.input
    agent, cheap = Priced("0.11"), Priced("0.004")
    survey = Task("survey", agent=agent, prompt=f"Survey issue {issue.number}: {issue.title}")
    fix = Task("fix", agent=agent, prompt=lambda: f"Fix {issue.title}\n{ctx[survey]}")
    test: Step[str] = Step(
        "test", lambda: "6 passed" if ctx.previous(test) else "3 failed", output=str
    )
    loop = Loop(fix, test, until=lambda: ctx[test] == "6 passed", max_iterations=3)
    reviews = [
        Task(f"review {one}", agent=cheap, prompt=lambda one=one: f"Review {one}\n{ctx[fix]}")  # type: ignore[misc]
        for one in ("correctness", "docs", "security")
    ]
    ship = Approval("ship", ask=lambda: f"Ship the fix of {issue.title}?\n\n{ctx[fix]}")
    publish = Step("publish", lambda: "published", output=str)
    return Sequence(survey, loop, Parallel(*reviews), ship, publish, result=publish)


@workflow
def asks(ctx: Context[NoInput]) -> Node:
    return Sequence(
        Task("draft", agent=echo, prompt="Write what changed in kettle 0.5."),
        Approval("ship", ask=DIFF),
        Step("publish", lambda: "published", output=str),
    )


@workflow
def asks_data(ctx: Context[NoInput]) -> Node[Release]:
    asked = HumanTask("release", ask="Which release?", output=Release)
    return Sequence(asked, result=asked)


@workflow
def listens(ctx: Context[NoInput]) -> Node[str]:
    plan = Task("plan", agent=Listens(), prompt="Plan it")
    return Sequence(plan, result=plan)


@workflow(input=Brief)
def notes(ctx: Context[Brief]) -> Node[str]:
    note = Task("note", agent=echo, prompt=f"Write about {ctx.input.topic}.")
    return Sequence(note, result=note)


@workflow
def quick(ctx: Context[NoInput]) -> Node:
    return Sequence(Step("build", lambda: "built", output=str))


@workflow
def breaks(ctx: Context[NoInput]) -> Node:
    return Sequence(
        Step("build", lambda: "built", output=str), Step("test", lambda: str(1 / 0), output=str)
    )


@workflow
def hostile(ctx: Context[NoInput]) -> Node:
    return Sequence(
        Task("agent", agent=echo, prompt=f"{EVIL}\n{MERMAID}"),
        Task(EVIL_ID, agent=echo, prompt=EVIL_DIFF),
        Step("output", lambda: {EVIL: [EVIL]}, output=dict[str, list[str]]),
        Parallel(
            Approval("ship", ask=f"{EVIL}\n{EVIL_DIFF}\n{MERMAID}"),
            HumanTask("data", ask=EVIL, output=Release),
        ),
    )


@workflow
def wide(ctx: Context[NoInput]) -> Node:
    return Sequence(
        Task(
            LONG_ID,
            agent=echo,
            prompt=f"{RTL}\n{WIDE}\n--- a/{WIDE}\n+++ b/{WIDE}\n@@ -1 +1 @@\n-{WIDE}\n+{RTL}",
        ),
        Task("long", agent=echo, prompt=LONG_PROMPT),
        Parallel(
            Approval(f"{LONG_ID[:-1]}2", ask=f"{WIDE}\n{RTL}"),
            Approval("diff", ask=LONG_DIFF),
        ),
    )


@workflow
def large(ctx: Context[NoInput]) -> Node:
    return Sequence(
        Parallel(*(Step(f"case-{n:05}", lambda: "x", output=str) for n in range(10_000))),
        Approval("ship", ask="All 10,000 are done. Ship?"),
    )
