"""What the runs of the kept databases run, in words that each version knew.

A step that finds no file `go` in the run's folder hangs (`crashed`) or fails (`failed`). So the
script that makes a database can leave the run there, and the test that resumes it can let it end.
"""

import time
from pathlib import Path

from pydantic import BaseModel

from harnesses import Echo
from smithers import (
    Approval,
    Branch,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Task,
    workflow,
)


class Note(BaseModel):
    words: list[str]


def _may_go() -> bool:
    return Path("go").exists()


def _start() -> list[Node]:
    """Steps before the point at which a run was left: a read, a loop, a branch, a fan-out."""
    note = Step("note", lambda: Note(words=["a", "b"]), output=Note)
    echo = Task("echo", agent=Echo(), prompt="Say it back.")
    draft = Step("draft", lambda: "draft")
    loop = Loop(draft, until=lambda: True, max_iterations=3, on_exhausted="finish", id="loop")
    arm = Step("arm", lambda: "arm")
    branch = Branch(lambda: True, arm, Step("other", lambda: "other"), id="branch")
    return [note, Parallel(echo, loop), branch]


@workflow
def waiting(ctx: Context[NoInput]) -> Node:
    start = _start()
    ship = Approval("ship", ask="Ship it?")
    last = Step("last", lambda: f"shipped: {ctx[ship].approved}")
    return Sequence(*start, ship, last, result=last)


@workflow
def crashed(ctx: Context[NoInput]) -> Node:
    def hang() -> str:
        Path("hanging").touch()
        while not _may_go():
            time.sleep(0.05)
        return "went on"

    last = Step("last", hang)
    return Sequence(*_start(), last, result=last)


@workflow
def failed(ctx: Context[NoInput]) -> Node:
    def fail() -> str:
        if not _may_go():
            raise ValueError("there is no file go")
        return "mended"

    last = Step("last", fail)
    return Sequence(*_start(), last, Step("after", lambda: "after"), result=last)


@workflow
def finished(ctx: Context[NoInput]) -> Node:
    def item(name: str) -> Node:
        def work() -> str:
            if name == "bad":
                raise ValueError("bad is bad")
            return name

        return Step(f"item {name}", work)

    each = ForEach(
        ["good", "bad"], key=lambda name: name, each=item, on_failure="continue", id="each"
    )
    skipped = Task("skipped", agent=Echo(), prompt="Nothing.", skip_if=lambda: True)
    last = Step("last", lambda: "done")
    return Sequence(*_start(), each, skipped, last, result=last)
