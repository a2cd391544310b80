"""Runs that are to be woken: by time, after a crash, and with processes of their own below them."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing

from ledger import hold, note

from harnesses.process import Command, built_environment, open_session
from smithers import (
    Approval,
    Attempt,
    Context,
    Node,
    NoInput,
    Retry,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.agent import Answered, Ask, Capabilities, Event, Spawned


class Shell:
    """An agent whose prompt is a shell script, run under the guard as a real program is."""

    name = "shell"
    can = Capabilities()

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        ours = {name: os.environ[name] for name in ("LEDGER", "PYTHONPATH") if name in os.environ}
        command = Command(
            program="shell",
            executable="/bin/sh",
            flags=("-c", ask.prompt),
            prompt="",
            cwd=ask.cwd,
            env=built_environment((), ours, ask.marks),
            session=str(uuid.uuid4()),
            resumes=False,
        )
        async with open_session(command, ask, None) as session:
            for pid in await session.pids():
                yield Spawned(pid)
            async with aclosing(session.lines()) as lines:
                said = [line.decode() async for line in lines]
            await session.close()
        yield Answered("\n".join(said))


@workflow
def retried(ctx: Context[NoInput]) -> Node:
    def flaky(attempt: Attempt) -> str:
        note(f"try {attempt.number}")
        if attempt.number == 1:
            raise RuntimeError("not yet")
        return "done"

    retry = Retry(tries=2, first_s=2, max_s=2, jitter=0)
    step = Step("flaky", flaky, retry=retry)
    return Sequence(step, result=step)


@workflow
def crashing(ctx: Context[NoInput]) -> Node:
    def crash() -> str:
        note("crash")
        if hold("mended"):
            return "mended"
        os._exit(7)

    step = Step("crash", crash)
    return Sequence(step, result=step)


@workflow
def asked(ctx: Context[NoInput]) -> Node:
    """A question that is soon over: its owner stays up for that."""
    seconds = float(os.environ.get("ANSWER_WITHIN_S", "50"))
    ask = Approval("ok", ask="?", timeout_s=seconds, on_timeout="deny", on_deny="continue")

    async def tell() -> str:
        said = f"approved: {ctx[ask].approved}"
        while hold("hold-last"):  # noqa: ASYNC110  # another process takes the file away
            await asyncio.sleep(0.02)
        return said

    last = Step("last", tell)
    return Sequence(ask, last, result=last)


@workflow
def busy(ctx: Context[NoInput]) -> Node:
    """An agent with a job in a session of its own, which ends when a file is there."""
    job = "(setsid tail -f /dev/null &)"
    script = f"echo begun >> $LEDGER; {job}; while [ ! -e go ]; do sleep 0.05; done; echo done"
    return Sequence(Task("busy", agent=Shell(), prompt=script))


@workflow
def launching(ctx: Context[NoInput]) -> Node:
    """An agent that starts runs away from itself, beside its own run and in another database."""
    up = f"{os.environ['PYTHON']} -m smithers up woken.py:held --run-id inner --detach"
    script = f"{up} 2>&1; {up} --db other.db >/dev/null; echo other: $?"
    task = Task("launch", agent=Shell(), prompt=script)
    return Sequence(task, result=task)


@workflow
def held(ctx: Context[NoInput]) -> Node:
    def wait() -> str:
        note("holding")
        while hold("hold-inner"):
            time.sleep(0.02)
        return "held"

    step = Step("wait", wait)
    return Sequence(step, result=step)
