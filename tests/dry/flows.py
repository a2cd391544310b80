"""Workflows that would do harm if they were executed, and what answers them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel, Field, model_validator

from harnesses import Codex, Echo, Reply, Scripted
from smithers import (
    Approval,
    Branch,
    Budget,
    Command,
    Compensated,
    Context,
    ContinueAsNew,
    ForEach,
    HumanTask,
    Loop,
    Node,
    NoInput,
    Run,
    Saga,
    Sequence,
    Step,
    Subflow,
    Task,
    Timer,
    Try,
    WaitForEvent,
    workflow,
)
from smithers.agent import Used
from smithers.errors import NotSignedIn, Transient

codex = Codex(program="a-program-that-is-nowhere")


class Plan(BaseModel):
    steps: list[str]
    risk: int = Field(ge=1, le=5)


class Odd(BaseModel):
    word: str

    @model_validator(mode="after")
    def _check(self) -> Odd:
        if self.word != "odd":
            raise ValueError("the word must be odd")
        return self


class Deployed(BaseModel):
    host: str


def touch() -> Path:
    Path("touched").touch()
    return Path("touched")


@workflow
def everything(ctx: Context[NoInput]) -> Node[str]:
    """One of each kind of node."""
    plan = Task("plan", agent=codex, prompt="Plan.", output=Plan)
    touched = Step("touch", touch)
    made = Command("make", ["touch", "made"])
    ok = Approval("ok", ask=lambda: f"Go on with {ctx[plan].steps}?")
    colour = HumanTask("colour", ask="Which?", choices=["red", "blue"])
    deployed = WaitForEvent("deployed", event="deployed", output=Deployed, timeout_s=60)
    night = Timer("night", seconds=8 * 3600)
    child = Subflow("child", below)
    last = Task(
        "last",
        agent=codex,
        prompt=lambda: f"{ctx[colour]} on {ctx[deployed].host} after {ctx[touched].name}",
    )
    return Sequence(plan, touched, made, ok, colour, deployed, night, child, last, result=last)


@workflow
def below(ctx: Context[NoInput]) -> Node[str]:
    deep = Task("deep", agent=codex, prompt="Deep.")
    return Sequence(Approval("sure", ask="Sure?"), deep, result=deep)


@workflow
def asks(ctx: Context[NoInput]) -> Node[str]:
    """It fails if somebody denies."""
    say = Task("say", agent=codex, prompt="Say.")
    return Sequence(Approval("ok", ask="?"), say, result=say)


@workflow
def endless(ctx: Context[NoInput]) -> Node[None]:
    text = Task("text", agent=codex, prompt="Write.")
    return Loop(text, until=lambda: ctx[text] == "done", max_iterations=100_000)


@workflow
async def watches(run: Run[NoInput]) -> str:
    """A flow that waits again and again."""
    for number in range(100_000):
        await run.sleep(f"pause-{number}", seconds=60)
    return "done"


@workflow
def untyped(ctx: Context[NoInput]) -> Node[object]:
    """A step whose type nobody wrote, which another needs."""
    found = Step("found", lambda: [1, 2])
    count = Step("count", lambda: len(ctx[found]), output=int)
    which = Branch(lambda: len(ctx[found]) > 1, then=count)
    return Sequence(found, which)


@workflow
def branches(ctx: Context[NoInput]) -> Node[None]:
    """What it takes depends on an output; the rest of its tree does not run."""
    plan = Task("plan", agent=codex, prompt="Plan.", output=Plan)
    big = Branch(
        lambda: len(ctx[plan].steps) > 100,
        then=Task("split", agent=codex, prompt="Split."),
        otherwise=Step("small", touch),
    )
    each = Branch(
        lambda: len(ctx[plan].steps) > 100,
        then=ForEach(
            lambda: ctx[plan].steps,
            key=str,
            each=lambda step: Task(f"do {step}", agent=codex, prompt="Do."),
            id="each",
        ),
    )
    pay = Compensated(Step("pay", touch), undo=Command("refund", ["false"]))
    mend = Task("mend", agent=codex, prompt="Mend.")
    tried = Try(pay, catch=mend, finally_=Step("tidy", touch))
    skipped = Task("skipped", agent=codex, prompt="Skip.", skip_if=lambda: True)
    return Sequence(plan, big, each, Saga(tried), skipped)


@workflow
def odd(ctx: Context[NoInput]) -> Node[Odd]:
    return Task("odd", agent=codex, prompt="Odd.", output=Odd)


@workflow(budget=Budget(usd=1, calls=50))
def dear(ctx: Context[NoInput]) -> Node[None]:
    return Sequence(*(Task(f"t{n}", agent=codex, prompt="p") for n in range(5)))


paid = Used(tokens_in=1000, tokens_out=100, cost=Decimal("0.40"), model="m-1")
denies = Scripted({"ok": False})
knows = Scripted(
    {
        "plan": Plan(steps=["one"], risk=3),
        "colour": "blue",
        "deployed": Deployed(host="web-7"),
        "touch": "scripted",
        "last": lambda ask: ask.prompt,
    }
)
signed_out = Scripted({"say": NotSignedIn})
shaky = Scripted({"say": [Transient, "said"]})
costs = Scripted({"t*": Reply(answer="fine", usage=paid)})
ends = Scripted({"text": ["more", "more", "done"]})
right = Scripted({"odd": Odd(word="odd")})
counted = Scripted({"found": [[1, 2]]})
number = 3


@workflow
def careless(ctx: Context[NoInput]) -> Node[list[str]]:
    """Its items fail by a read that is wrong, and the author tolerates failures."""

    def each(name: str) -> Node[str]:
        later = Step(f"later {name}", lambda: "x")
        note = Task(f"note {name}", agent=Echo(), prompt=lambda: f"{ctx.previous(later)}")
        return Sequence(note, later, result=note)

    notes = ForEach(list("abcde"), key=str, each=each, on_failure="continue")
    return Sequence(Step("first", lambda: None), notes, result=notes)


@workflow
def hourly(ctx: Context[NoInput]) -> Node[None]:
    hour = Timer("hour", seconds=3600)
    return Sequence(hour, Step("look", lambda: None), ContinueAsNew(ctx.input))


@workflow
def hours(ctx: Context[NoInput]) -> Node[object]:
    """A schedule without an end, below one budget."""
    return Subflow("hourly", hourly)
