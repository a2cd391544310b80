"""An agent of your own around any program: the prompt on its stdin, the answer on its stdout."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator

from smithers import Context, Node, NoInput, Task, workflow
from smithers.agent import Answered, Ask, Capabilities, Event, Spawned
from smithers.errors import NotInstalled, Transient


class Program:
    """Runs a command once for each request, in the folder of the task."""

    can = Capabilities()

    def __init__(self, *command: str) -> None:
        self.command = command
        self.name = command[0]

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        try:
            process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                cwd=ask.cwd,
                env={**os.environ, **ask.marks},  # the marks show whose process it is
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise NotInstalled(self.name, f"apt install {self.name}") from error
        try:
            yield Spawned(process.pid)  # if we are killed, `smithers resume` kills it
            out, err = await process.communicate(ask.prompt.encode())
        finally:
            if process.returncode is None:  # a timeout, a Ctrl-C, a cancelled run
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if process.returncode:
            raise Transient(
                f"exit code {process.returncode}: {err.decode(errors='replace').strip()}"
            )
        yield Answered(out.decode(errors="replace").strip())


shout = Program("tr", "a-z", "A-Z")


@workflow
def shouted(ctx: Context[NoInput]) -> Node[str]:
    return Task("shout", agent=shout, prompt="whales sing", timeout_s=60)
