"""Agents and steps that do not end at once when they are asked to."""

from __future__ import annotations

import subprocess

from ledger import note
from woken import Shell

from smithers import Context, Node, NoInput, Sequence, Step, Task, workflow

_ASKED = "echo asked >> $LEDGER"


@workflow
def slow(ctx: Context[NoInput]) -> Node:
    """An agent that puts things in order for a while, with a job in a session of its own."""
    trap = f"trap '{_ASKED}; while :; do sleep 0.1; done' TERM INT HUP"
    script = (
        f"(setsid tail -f /dev/null &); {trap}; echo begun >> $LEDGER; while :; do sleep 0.1; done"
    )
    return Sequence(Task("slow", agent=Shell(), prompt=script))


@workflow
def polite(ctx: Context[NoInput]) -> Node:
    """An agent that ends when it is asked to, or once a file is there."""
    trap = f"trap '{_ASKED}; exit 0' TERM INT HUP"
    script = f"{trap}; echo begun >> $LEDGER; while [ ! -e go ]; do sleep 0.05; done; echo done"
    task = Task("polite", agent=Shell(), prompt=script)
    return Sequence(task, result=task)


@workflow
def calls_a_program(ctx: Context[NoInput]) -> Node:
    """A step whose function waits for a program of its own."""

    def wait() -> None:
        with subprocess.Popen(["tail", "-f", "/dev/null"]) as child:
            note(f"begun {child.pid}")

    return Sequence(Step("waits", wait))
