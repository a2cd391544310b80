"""Workflows whose runs are looked at in a browser: usual ones, and those that attack it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from harnesses.claude_code import ClaudeCode
from harnesses.echo import Echo
from smithers import (
    Approval,
    Budget,
    Command,
    Context,
    ForEach,
    HumanTask,
    Loop,
    Node,
    NoInput,
    Parallel,
    Retry,
    Sequence,
    Step,
    Task,
    Timer,
    WaitForEvent,
    workflow,
)
from smithers.agent import (
    Answered,
    Ask,
    Capabilities,
    Event,
    Said,
    Started,
    Steered,
    ToolCalled,
    Used,
)
from smithers.errors import Transient

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


class Paid:
    """Answers at a price; without one, it does not report what it cost."""

    can = Capabilities(reports_cost=True)

    def __init__(self, name: str, usd: str | None, tokens: int = 12_000) -> None:
        self.name, self.tokens = name, tokens
        self.usd = None if usd is None else Decimal(usd)

    async def run(self, ask: Ask) -> AsyncGenerator[Event]:
        model = f"{self.name}-large"
        yield Used(tokens_in=self.tokens, tokens_out=900, cost=self.usd, model=model)
        yield Answered("done")


class Edits:
    """Edits a file and says what it used; with `fails`, each other attempt fails."""

    name = "edits"
    can = Capabilities()

    def __init__(self, *, fails: bool = False, gate: Path | None = None) -> None:
        self.fails, self.gate = fails, gate

    async def run(self, ask: Ask) -> AsyncGenerator[Event]:
        yield Started(ask.session or f"session of {ask.task}")
        yield Said("reading the issue")
        yield ToolCalled(call="1", name="Edit", arguments={"file_path": "kettle/retry.py"})
        await asyncio.sleep(0.2)
        yield Used(tokens_in=22_000, tokens_out=890, cost=Decimal("0.11"))
        if self.fails and next(_BUSY):
            raise Transient("API Error: 529 Overloaded")
        while self.gate is not None and not self.gate.exists():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        yield Answered("fixed")


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


class Gate(BaseModel):
    """A file for which an agent waits, if any."""

    gate: Path | None = None


class Release(BaseModel):
    version: str = Field(description=EVIL)
    channel: Literal["stable", "beta", "<script>hit=1</script>"] = "stable"
    retries: int = 3
    notes: str = Field("", description="What changed, for those who read it.")


class Card(BaseModel):
    kind: Literal["card"] = "card"
    number: int = Field(ge=1000, description="The last digits.")


class Cash(BaseModel):
    kind: Literal["cash"] = "cash"
    currency: str = "EUR"


class Item(BaseModel):
    title: str = Field(min_length=3)
    number: int = Field(default=1, ge=1, le=9)


class Order(BaseModel):
    name: str = Field(description="Who it is for.")
    until: date
    at: datetime | None = None
    size: Literal["small", "large"] = "small"
    extras: list[Literal["nuts", "jam"]] = ["jam"]
    paid_by: Annotated[Card | Cash, Field(discriminator="kind")] = Cash()
    items: list[Item] = [Item(title="tea")]
    labels: dict[str, str] = {"shelf": "7"}
    more: dict[str, Any] = {}


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


class Verdict(BaseModel):
    approved: bool
    remarks: str


@workflow
def publishes(ctx: Context[NoInput]) -> Node:
    """A question after reviews, of which one objects, before an agent and a command."""
    reviews = [
        Step(f"review-{name}", partial(Verdict, approved=ok, remarks=text), output=Verdict)
        for name, ok, text in (
            ("docs", False, "README says seconds only."),
            ("tests", True, "A malformed date is tested."),
        )
    ]
    ask = Approval(
        "ship", ask=lambda: f"{DIFF}\n\n{sum(ctx[one].approved for one in reviews)} of 2"
    )
    agent = ClaudeCode(permission_mode="acceptEdits", allowed_tools=["Read", "Edit"])
    return Sequence(
        Parallel(*reviews),
        ask,
        Task("announce", agent=agent, prompt="Announce kettle 0.5 in the changelog.\nBe brief."),
        Command("publish", ["python", "-m", "twine", "upload", "dist/kettle-0.5*"], cwd="kettle"),
    )


@workflow
def asks_shapes(ctx: Context[NoInput]) -> Node[Order]:
    asked = HumanTask("order", ask="What is ordered?", output=Order, allowed_by=["ann", "jon"])
    return Sequence(asked, result=asked)


@workflow
def asks_others(ctx: Context[NoInput]) -> Node:
    return Sequence(Approval("ship", ask="Ship it?", allowed_by=["mara", "jon"]))


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


@workflow(budget=Budget(tokens=14))
def busy(ctx: Context[NoInput]) -> Node:
    """All that a person may have to look at: nearly no budget, a failure, loops, and waits."""
    test = Step("test", lambda: "3 failed", output=str)
    return Sequence(
        Task("draft", agent=echo, prompt="Write what changed in kettle 0.5."),
        Loop(test, until=lambda: False, max_iterations=3, on_exhausted="finish", id="until-green"),
        Parallel(
            Step("lint", lambda: str(1 / 0), output=str, on_failure="continue"),
            Task("notes", agent=echo, prompt="Write the notes of kettle 0.5."),
            Approval("ship", ask=DIFF),
            WaitForEvent("merged", event="merged"),
            id="release",
        ),
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


_BUSY = cycle((True, False))
_TESTS = cycle(("3 failed, 3 passed in 0.22s\n\nFAILED test_retry.py", "6 passed in 0.11s"))
"""What the tests of an issue say in its first and its second iteration."""


async def survey() -> str:
    await asyncio.sleep(0.3)
    return "twelve issues"


def no_goaway() -> str:
    raise RuntimeError("HTTP/2 GOAWAY is treated as an error")


def _issue(ctx: Context[Gate], number: int, gate: Path | None) -> Node:
    """One of twelve issues: some are fixed, one fails, one asks, one waits, one takes two tries."""
    if number == 420:
        return Step("goaway", no_goaway, on_failure="continue")
    fix = Task(
        f"fix {number}",
        agent=Edits(fails=number == 426, gate=gate),
        prompt=f"Fix issue {number}.",
        retry=Retry(tries=3, first_s=0.2),
    )
    if number == 415:
        return Sequence(fix, Approval(f"allow {number}", ask="Change the default of redirects?"))
    if number == 423:
        return Sequence(fix, Timer(f"later {number}", seconds=86_400))
    if number != 418:
        return fix
    test = Step("test", lambda: next(_TESTS), output=str)
    done = Loop(fix, test, until=lambda: "failed" not in ctx[test], max_iterations=4, id="green")
    return Sequence(done, Approval("review 418", ask="Is the change to Retry-After right?"))


@workflow(input=Gate)
def issues(ctx: Context[Gate]) -> Node:
    """Twelve issues at once, then what is pending until all are done."""
    numbers = [401, 404, 407, 411, 415, 418, 420, 423, 426, 429, 431, 433]

    def each(number: int) -> Node:
        return _issue(ctx, number, ctx.input.gate if number == 429 else None)

    return Sequence(
        Step("survey", survey, output=str),
        ForEach(numbers, key=lambda one: f"#{one}", each=each, limit=10, id="issues"),
        Parallel(*(Step(f"check {n}", lambda: "x", output=str) for n in range(7)), id="checks"),
        Approval("ship", ask="Ship?"),
    )


@workflow
def large(ctx: Context[NoInput]) -> Node:
    return Sequence(
        Parallel(*(Step(f"case-{n:05}", lambda: "x", output=str) for n in range(10_000))),
        Approval("ship", ask="All 10,000 are done. Ship?"),
    )


MERGE_ID = "nightly-2026-11-28T03.00.00Z-eu-central-1-refs.pull.20417.merge"
sonnet, haiku, silent = Paid("sonnet", "0.41"), Paid("haiku", "0.004"), Paid("silent", None)


@workflow(budget=Budget(usd=2))
def release(ctx: Context[NoInput]) -> Node:
    return Sequence(
        Task("notes", agent=sonnet, prompt="Write the notes."),
        Task("check", agent=silent, prompt="Check them."),
        Timer("embargo", seconds=400_000),
        Step("publish", lambda: "published", output=str),
    )


@workflow(budget=Budget(usd="0.50"))
def triage(ctx: Context[NoInput]) -> Node:
    return Sequence(
        Task("sort", agent=sonnet, prompt="Sort the issues."),
        Task("label", agent=haiku, prompt="Label them."),
        Approval("apply", ask="Apply 12 labels?", allowed_by=["mara", "jon"]),
        Task("answer", agent=sonnet, prompt="Answer the reporters."),
    )


@workflow(budget=Budget(usd="0.80"))
def migrate(ctx: Context[NoInput]) -> Node:
    tasks = (Task(f"table-{n}", agent=sonnet, prompt="Migrate it.") for n in range(6))
    return Sequence(*tasks)


@workflow
def allows(ctx: Context[NoInput]) -> Node:
    return Parallel(
        Step("lint", lambda: str(1 / 0), output=str, on_failure="continue"),
        Step("build", lambda: "built", output=str),
    )


class Hostile(BaseModel):
    text: str = Field(EVIL, title=EVIL, description=EVIL)
    choice: Literal["a", "<script>window.hit=1</script>"] = "a"


@workflow(input=Hostile)
def takes_evil(ctx: Context[Hostile]) -> Node:
    """<script>window.hit=1</script><img src=x onerror=window.hit=1>"""
    return Sequence(Step("none", lambda: "done", output=str))
