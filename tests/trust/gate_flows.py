"""Workflows with gates, for an agent that tries to get past them.

What is behind a gate writes what it does into the ledger, in the words that the gate asks; so each
line must be a text that a person has approved in that very run. A step that runs again gives
something else, so that an old approval is of another text.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel

from smithers import (
    Approval,
    Branch,
    Context,
    ForEach,
    HumanTask,
    Loop,
    Node,
    NoInput,
    Parallel,
    Rework,
    Sequence,
    Step,
    Subflow,
    Try,
    WaitForEvent,
    workflow,
)


class Version(BaseModel):
    version: str = "1"


def ledger() -> Path:
    return Path(os.environ["LEDGER"])


def fresh(name: str) -> str:
    """Something else each time."""
    counter = ledger().with_suffix(".count")
    counter.write_bytes(counter.read_bytes() + b"." if counter.exists() else b".")
    return f"{name} {counter.stat().st_size}"


def does(text: str) -> str:
    """What is behind a gate."""
    with ledger().open("a") as lines:
        lines.write(f"{text}\n")
    return text


def drafts() -> Step[str]:
    return Step("draft", lambda: fresh("draft"), output=str)


@workflow
def plain(ctx: Context[NoInput]) -> Node:
    draft = drafts()
    ask = Approval("ask", ask=lambda: f"ship {ctx[draft]}")
    ship = Step("ship", lambda: does(f"ship {ctx[draft]}"), output=str)
    return Sequence(draft, ask, ship, Step("after", lambda: does(ctx[ship]), output=str))


@workflow
def branch(ctx: Context[NoInput]) -> Node:
    draft = drafts()
    ask = Approval("ask", ask=lambda: f"ship {ctx[draft]}", on_deny="continue")
    ship = Step("ship", lambda: does(f"ship {ctx[draft]}"), output=str)
    held = Step("held", lambda: "held", output=str)
    return Sequence(draft, ask, Branch(lambda: ctx[ask].approved, ship, held, id="way"))


@workflow
def loop(ctx: Context[NoInput]) -> Node:
    turn = Step("turn", lambda: fresh("turn"), output=str)
    ask = Approval("ask", ask=lambda: f"ship {ctx[turn]}")
    ship = Step("ship", lambda: does(f"ship {ctx[turn]}"), output=str)
    return Loop(
        turn, ask, ship, until=lambda: False, max_iterations=2, on_exhausted="finish", id="loop"
    )


@workflow
def each(ctx: Context[NoInput]) -> Node:
    names = Step("names", lambda: ["a", "b"], output=list[str])

    def one(name: str) -> Node:
        part = Step(f"part {name}", lambda: fresh(name), output=str)
        ask = Approval(f"ask {name}", ask=lambda: f"ship {ctx[part]}")
        ship = Step(f"ship {name}", lambda: does(f"ship {ctx[part]}"), output=str)
        return Sequence(part, ask, ship)

    return Sequence(names, ForEach(lambda: ctx[names], key=str, each=one, id="each"))


@workflow
def gathered(ctx: Context[NoInput]) -> Node:
    """The gate reads a fan-out, not the tasks in it."""
    parts = ForEach(
        ["a", "b"],
        key=str,
        each=lambda name: Step(f"part {name}", lambda: fresh(name), output=str),
        id="parts",
    )
    ask = Approval("ask", ask=lambda: f"ship {ctx[parts]}")
    ship = Step("ship", lambda: does(f"ship {ctx[parts]}"), output=str)
    return Sequence(parts, ask, ship)


@workflow
def chained(ctx: Context[NoInput]) -> Node:
    """The gate reads the result of a container that reads another one."""
    draft = drafts()
    inner = Sequence(draft, result=draft)
    edit = Step("edit", lambda: f"{ctx[inner]}, {fresh('edit')}", output=str)
    outer = Sequence(inner, edit, result=lambda: f"{ctx[inner]} and {ctx[edit]}")
    ask = Approval("ask", ask=lambda: f"ship {ctx[outer]}")
    ship = Step("ship", lambda: does(f"ship {ctx[outer]}"), output=str)
    return Sequence(outer, ask, ship)


@workflow
def human(ctx: Context[NoInput]) -> Node:
    draft = drafts()
    ask = HumanTask("ask", ask=lambda: f"ship {ctx[draft]}")
    ship = Step("ship", lambda: does(f"ship {ctx[draft]}") + ctx[ask], output=str)
    return Sequence(draft, ask, ship)


@workflow
def reworked(ctx: Context[NoInput]) -> Node:
    draft = drafts()
    ask = Approval("ask", ask=lambda: f"ship {ctx[draft]}", on_deny=Rework(draft))
    ship = Step("ship", lambda: does(f"ship {ctx[draft]}"), output=str)
    return Sequence(draft, ask, ship)


@workflow
def both(ctx: Context[NoInput]) -> Node:
    one = Step("one", lambda: fresh("one"), output=str)
    two = Step("two", lambda: fresh("two"), output=str)
    asks = (
        Approval("ask one", ask=lambda: f"ship {ctx[one]}"),
        Approval("ask two", ask=lambda: f"ship {ctx[two]}"),
    )

    def all_of_it() -> str:
        does(f"ship {ctx[one]}")
        return does(f"ship {ctx[two]}")

    ship = Step("ship", all_of_it, output=str)
    return Sequence(Parallel(one, two), Parallel(*asks), ship)


@workflow
def beside(ctx: Context[NoInput]) -> Node:
    """What is behind the gate by its data alone."""
    draft = drafts()
    ask = Approval("ask", ask=lambda: f"ship {ctx[draft]}")
    ship = Step("ship", lambda: does(f"ship {ctx[draft]}"), output=str)
    tell = Step("tell", lambda: ctx[ship], output=str)
    publish = Step("publish", lambda: does(ctx[tell]), output=str)
    return Parallel(Sequence(draft, ask, ship), Sequence(tell, publish))


@workflow
def event(ctx: Context[NoInput]) -> Node:
    draft = drafts()
    ask = Approval("ask", ask=lambda: f"ship {ctx[draft]}")
    go = WaitForEvent("go", event="go", output=str)
    ship = Step("ship", lambda: does(f"ship {ctx[draft]}"), output=str)
    return Sequence(draft, ask, go, ship)


@workflow(input=Version)
def given(ctx: Context[Version]) -> Node:
    draft = drafts()
    ask = Approval("ask", ask=lambda: f"ship version {ctx.input.version}")
    ship = Step("ship", lambda: does(f"ship version {ctx.input.version}"), output=str)
    return Sequence(draft, ask, ship)


@workflow
def caught(ctx: Context[NoInput]) -> Node:
    draft = drafts()
    ask = Approval("ask", ask=lambda: f"ship {ctx[draft]}")
    ship = Step("ship", lambda: does(f"ship {ctx[draft]}"), output=str)
    sorry = Step("sorry", lambda: "sorry", output=str)
    return Sequence(draft, Try(Sequence(ask, ship), catch=sorry, id="try"))


@workflow
def below(ctx: Context[NoInput]) -> Node:
    draft = drafts()
    ask = Approval("ask", ask=lambda: f"ship {ctx[draft]}")
    ship = Step("ship", lambda: does(f"ship {ctx[draft]}"), output=str)
    return Sequence(draft, ask, ship, result=ship)


@workflow
def above(ctx: Context[NoInput]) -> Node:
    """The gate is in a child run."""
    first = Step("first", lambda: fresh("first"), output=str)
    child = Subflow("child", below)
    return Sequence(first, child, Step("after", lambda: does(str(ctx[child])), output=str))


@workflow
def deep(ctx: Context[NoInput]) -> Node:
    """What is behind the gate is a child run."""
    draft = drafts()
    ask = Approval("ask", ask=lambda: f"ship {ctx[draft]}")
    return Sequence(draft, ask, Subflow("child", shipped, input=lambda: Shipped(text=ctx[draft])))


class Shipped(BaseModel):
    text: str


@workflow(input=Shipped)
def shipped(ctx: Context[Shipped]) -> Node:
    ship = Step("ship", lambda: does(f"ship {ctx.input.text}"), output=str)
    return Sequence(ship, Step("after", lambda: does(ctx[ship]), output=str), result=ship)


@workflow
def effect(ctx: Context[NoInput]) -> Node:
    """What may not be done twice is behind a gate of its own: the question whether to repeat it."""
    draft = drafts()
    ask = Approval("ask", ask=lambda: f"ship {ctx[draft]}")
    ship = Step("ship", lambda: does(f"ship {ctx[draft]}"), output=str, effect=True)
    return Sequence(draft, ask, ship)


FLOWS = (
    plain, branch, loop, each, gathered, chained, human, reworked, both, beside, event, given,
    caught, above, deep, effect,
)  # fmt: skip
