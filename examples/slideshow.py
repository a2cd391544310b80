"""A slideshow about Smithers that is a workflow itself: each slide is a question to a person.

    python examples/slideshow.py [RUN]

Enter answers the question, and the next slide comes. Kill it at any moment, also with `kill -9`,
and start it again: it continues at the slide where it was. `smithers up` runs it as well.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import signal
import sys
import textwrap
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from smithers import (
    Branch,
    Command,
    Context,
    HumanTask,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    workflow,
)
from smithers.errors import AlreadyDecided
from smithers.hub import Hub, RunResult, RunsQuery
from smithers.views import Question

HELLO = """\
1/7  Smithers runs the long work of AI agents

A workflow is a tree of tasks. Each finished task is a row in a database,
on disk before the next one starts. So a crash costs only what was
running at that moment.

This slideshow is a workflow:

    Sequence(hello, tree, kill_me, ...)

Each slide is a HumanTask: a question that a person answers. Your answer
to this one is Enter."""

TREE = """\
2/7  The tree is a function of the state

Smithers calls the workflow function, starts what is ready, stores what
it gives, and calls the function again.

    Task        an agent works: Claude Code, Codex, a model
    Step        a Python function
    Command     a program
    Approval    a person decides
    Sequence, Parallel, Branch, Loop, ForEach    arrange them

Between two slides nothing runs but this window. The run itself is rows:
it could wait for weeks, without a process."""

KILL_ME = """\
3/7  Kill me

Type k and Enter. This process then sends itself SIGKILL, the signal that
no program can catch: nothing is tidied up, nothing is saved.

Then type the same command again. You will be here, at slide 3, not at
slide 1: your two answers are on disk."""

QUESTION = """\
6/7  What would you like to know?

    crashes    what happens to an agent that was at work
    people     how a person takes part

A Branch reads your answer and shows one of two slides. The choice is a
row as well: no crash changes it."""

CRASHES = """\
7/7  A crash while an agent works

Each try of a task is an attempt, with the agent's session, its tokens and
its cost. After a crash, the attempt is marked as interrupted, and the
next one resumes that session: the agent knows what it has done.

Before that, Smithers kills what the dead process left behind, so that
no two agents work on one task."""

PEOPLE = """\
7/7  A person in the middle

A question is a row too, with a digest of its text. You can answer it in any
terminal, days later, and over MCP from the agent that started the run:

    smithers asks
    smithers approve RUN TASK
    smithers answer RUN TASK --choice next

An agent cannot answer a question of its own run."""


def slide(id: str, text: str | Callable[[], str], *choices: str) -> HumanTask[str]:
    return HumanTask(id, ask=text, choices=choices or ["next"])


def process() -> int:
    return os.getpid()


@workflow
def slideshow(ctx: Context[NoInput]) -> Node[str]:
    begun = Step("begun", process)
    python = Command("python", [sys.executable, "--version"], output=str)
    now = Step("now", process)

    def survived() -> str:
        same = ctx[begun] == ctx[now]
        return (
            f"4/7  {'The same process' if same else 'Another process, the same show'}\n\n"
            f"    slide 1 was shown by process {ctx[begun]}\n"
            f"    slide 4 is shown by process {ctx[now]}\n\n"
            "The first number is the output of a Step that ran before slide 1. It was\n"
            "read from the database just now: a finished task never runs again."
        )

    def side_by_side() -> str:
        return (
            "5/7  Side by side\n\nBefore slide 4, these two ran at the same time:\n\n"
            f"    a Command    {ctx[python].strip()}\n"
            f"    a Step       process {ctx[now]}\n\n"
            "A text like this one waits for the outputs that it reads. To see all tasks\n"
            "of this run, type in another terminal, in this folder:\n\n"
            f"    smithers graph {ctx.run_id}\n    smithers timeline {ctx.run_id}"
        )

    question = slide("question", QUESTION, "crashes", "people")
    return Sequence(
        begun,
        slide("hello", HELLO),
        slide("tree", TREE),
        slide("kill-me", KILL_ME),
        Parallel(python, now),
        slide("survived", survived),
        slide("side-by-side", side_by_side),
        question,
        Branch(
            lambda: ctx[question] == "crashes",
            slide("crashes", CRASHES),
            slide("people", PEOPLE),
            id="wish",
        ),
        result=lambda: f"You chose {ctx[question]}.",
    )


def wrapped(block: str, wide: int) -> list[str]:
    """A paragraph as lines of this width; lines that are indented stay lines."""
    lines = block.splitlines() if block.startswith(" ") else [" ".join(block.splitlines())]
    return [part for line in lines for part in textwrap.wrap(line, wide)]


def draw(slide: str, keys: str) -> None:
    """Show a slide on a terminal of any size, in one write and without clearing: nothing flickers.

    The last row stays free, so that Enter does not scroll.
    """
    columns, rows = shutil.get_terminal_size()
    wide = min(columns - 1, 76)
    lines = [line for block in slide.split("\n\n") for line in [*wrapped(block, wide), ""]][:-1]
    if len(lines) > (most := max(rows - 3, 1)):
        lines = [*lines[: most - 1], "…"]
    lines = [*[""] * ((most - len(lines)) // 2), *lines]
    lines += [""] * (most - len(lines) + 1)
    margin = " " * ((columns - wide) // 2)
    shown = "".join(f"{margin}{line}\x1b[K\r\n" for line in lines)
    os.write(1, f"\x1b[H{shown}\x1b[J{margin}{keys[:wide]} ".encode())


def ask(question: Question) -> str | None:
    """Show a slide until a person has chosen; None if they leave."""
    first, *others = question.form.choices if question.form else ["next"]
    keys = f"[Enter: {first}]  {''.join(f'[{one}]  ' for one in others)}[k: kill -9]  [q: quit]"

    def show(*_: object) -> None:
        draw(question.asked, keys)

    while True:
        if sys.stdout.isatty():
            signal.signal(signal.SIGWINCH, show)  # the terminal has another size now
            show()
        else:
            print(question.asked, end="\n\n", flush=True)
        line = sys.stdin.readline()
        typed = line.strip() or first
        if not line or typed == "q":
            return None
        if typed == "k":
            os.kill(os.getpid(), signal.SIGKILL)
        if typed in (first, *others):
            return typed


def main(run: str) -> int:
    hub = Hub(Path(".smithers") / "smithers.db")
    again = run in hub.run_ids(RunsQuery())
    result: RunResult[str] = asyncio.run(
        hub.resume(run, workflow=slideshow) if again else hub.run(slideshow, run_id=run)
    )
    if sys.stdout.isatty():
        print("\n" * shutil.get_terminal_size().lines)  # what is on the screen stays above
    while result.questions:
        [question] = result.questions
        if (answer := ask(question)) is None:
            print(f"\nThe show waits at {question.title}. Start it again to continue.")
            return 3
        with suppress(AlreadyDecided):  # in another terminal
            hub.answer(run, question.task, answer, by=getpass.getuser(), digest=question.digest)
        result = asyncio.run(hub.resume(run, workflow=slideshow))
    print(f"\n{result.output}\nFor a new show, name it: python {sys.argv[0]} again")
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main(*sys.argv[1:2] or ["show"]))
    sys.exit(130)
