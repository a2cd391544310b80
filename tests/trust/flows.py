"""Small workflows whose every body notes in a ledger, outside of Smithers, that it runs.

A line is written in one piece: `enter` or `leave`, the task with its iteration, the attempt, the
process. So a ledger that several processes write to still tells in which order things happened.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from harnesses.process import Command, open_session
from smithers import (
    Approval,
    Attempt,
    Branch,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Retry,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.agent import Answered, Ask, Capabilities, Event, Spawned, Started
from smithers.errors import Permanent

__all__ = ["asks", "fans", "fickle", "line", "long", "retries", "rounds", "wide", "worked"]

Body = Callable[[Attempt], Coroutine[Any, Any, str]]


def note(word: str, attempt: Attempt) -> None:
    """Append a line, in one write."""
    key = attempt.key.partition("/")[2]
    line = f"{word}\t{attempt.key}\t{key}\t{attempt.number}\t{os.getpid()}\n"
    file = os.open(os.environ["LEDGER"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)


def body(give: Callable[[], str], *, takes_s: float = 0.0, fails: int = 0) -> Body:
    """What it gives, read before it acts; the first `fails` attempts that it makes fail."""

    async def run(attempt: Attempt) -> str:
        output = give()
        note("enter", attempt)
        await asyncio.sleep(takes_s)
        note("leave", attempt)
        if attempt.number <= fails:
            raise RuntimeError(f"attempt {attempt.number} was meant to fail")
        return output

    return run


def blocking(give: Callable[[], str]) -> Callable[[Attempt], str]:
    """The same as a function that runs in a thread."""

    def run(attempt: Attempt) -> str:
        output = give()
        note("enter", attempt)
        note("leave", attempt)
        return output

    return run


class Repeats:
    """An agent that answers with its author's prompt, in an old session or a new one."""

    name = "repeats"
    can = Capabilities(resumes=True)

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        yield Started(session=ask.session or f"session of {os.getpid()}")
        yield Answered(ask.prompt.partition("\n")[0])  # after that, what earlier attempts did


PROGRAM = """
import os, sys, time
ledger, serial, hold = sys.argv[1:4]
def note(word, pid):
    with open(ledger, "a") as file:
        file.write(f"{word}\\tr1/worker\\tworker\\t{serial}\\t{pid}\\n")
background = os.fork()
if not background:
    os.setsid()
    time.sleep(600)
note("background", background)
note("enter", os.getpid())
while os.path.exists(hold):
    time.sleep(0.01)
note("leave", os.getpid())
os.kill(background, 9)
print("done")
"""


class Works:
    """An agent that is a program of its own, with a child in another session."""

    name = "works"
    can = Capabilities(resumes=True)

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        ledger = os.environ["LEDGER"]
        serial = ask.marks["SMITHERS_ATTEMPT"].rpartition(":")[2]
        command = Command(
            program="works",
            executable=sys.executable,
            flags=("-c", PROGRAM, ledger, serial, f"{ledger}.hold"),
            prompt="",
            cwd=ask.cwd,
            env={**os.environ, **ask.marks},
            session="00000000-0000-4000-8000-000000000001",
            resumes=False,
        )
        async with open_session(command, ask) as running:
            for pid in await running.pids():
                yield Spawned(pid)
            async for _ in running.lines():
                pass
            await running.close()
            if running.said_on_stderr:
                raise Permanent(running.said_on_stderr)
        yield Answered("done")


@workflow
def line(ctx: Context[NoInput]) -> Node:
    """Three steps and an agent, each reading the one before."""
    first = Step("first", body(lambda: "1"))
    second = Step("second", blocking(lambda: ctx[first] + "2"))
    agent = Task("agent", agent=Repeats(), prompt=lambda: ctx[second] + "a")
    last = Step("last", body(lambda: ctx[agent] + "3"))
    return Sequence(first, second, agent, last, result=last)


@workflow
def asks(ctx: Context[NoInput]) -> Node:
    """A person stands between two steps."""
    draft = Step("draft", body(lambda: "draft"))
    ok = Approval("ok", ask=lambda: f"{ctx[draft]}?")
    ship = Step("ship", body(lambda: f"{ctx[draft]} for {ctx[ok].by}"))
    return Sequence(draft, ok, ship, result=ship)


@workflow
def rounds(ctx: Context[NoInput]) -> Node:
    """A loop of three rounds with a branch in it."""
    number: Step[str] = Step("number", body(lambda: (ctx.previous(number) or "") + "i"))
    odd, even = Step("odd", body(lambda: "odd")), Step("even", body(lambda: "even"))
    arms = Branch(lambda: len(ctx[number]) % 2 == 1, odd, even)
    loop = Loop(number, arms, until=lambda: len(ctx[number]) == 3, max_iterations=9, id="loop")
    return Sequence(loop, result=number)


@workflow(max_concurrency=3)
def fans(ctx: Context[NoInput]) -> Node:
    """A fan-out over data that comes from a step, and what reads all of it."""
    names = Step("names", body(lambda: "a b c d"))

    def each(name: str) -> Node[str]:
        first = Step(f"{name} first", body(lambda: name, takes_s=0.001))
        second = Step(f"{name} second", body(lambda: ctx[first] + "!"))
        return Sequence(first, second, result=second)

    work = ForEach(lambda: ctx[names].split(), key=str, each=each, limit=2, id="work")
    shown = Step("shown", body(lambda: " ".join(ctx[work])))
    return Sequence(names, work, shown, result=shown)


@workflow
def retries(ctx: Context[NoInput]) -> Node:
    """A step that fails twice, and waits before it is tried again."""
    soon = Retry(tries=9, first_s=0.005, factor=1, jitter=0)
    flaky = Step("flaky", body(lambda: "at last", fails=2), retry=soon)
    last = Step("last", body(lambda: ctx[flaky]))
    return Sequence(flaky, last, result=last)


@workflow
def fickle(ctx: Context[NoInput]) -> Node:
    """Branches whose tests say something else in every other process."""
    even = os.getpid() % 2 == 0
    steps = {
        id: Step(id, body(lambda: "done")) for id in ("one", "other", "middle", "more", "less")
    }
    return Sequence(
        Branch(lambda: even, steps["one"], steps["other"], id="first"),
        steps["middle"],
        Branch(lambda: even, steps["more"], steps["less"], id="second"),
    )


@workflow(max_concurrency=6)
def wide(ctx: Context[NoInput]) -> Node:
    """Forty steps side by side, then a loop: something is always in flight."""
    every = [Step(f"one {number}", body(lambda: "x" * 2000, takes_s=0.004)) for number in range(40)]
    number: Step[str] = Step("number", body(lambda: (ctx.previous(number) or "") + "i"))
    loop = Loop(number, until=lambda: len(ctx[number]) == 8, max_iterations=9, id="loop")
    return Sequence(Parallel(*every), loop, result=number)


@workflow
def long(ctx: Context[NoInput]) -> Node:
    """Steps one after another, a question in the middle of them."""

    def steps(name: str) -> list[Step[str]]:
        return [Step(f"{name} {n}", body(lambda: "done", takes_s=0.01)) for n in range(6)]

    ok = Approval("ok", ask="Go on?")
    return Sequence(*steps("before"), ok, *steps("after"))


@workflow
def worked(ctx: Context[NoInput]) -> Node:
    """A program of an agent, and a step after it."""
    worker = Task("worker", agent=Works(), prompt="go")
    return Sequence(worker, Step("last", body(lambda: ctx[worker])))
