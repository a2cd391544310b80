"""A task of two agents that are programs; what they print goes to the raw stream."""

import os
import sys
from collections.abc import AsyncIterator

from harnesses.process import Command, open_session
from smithers import Context, Node, NoInput, Retry, Sequence, Step, Task, workflow
from smithers.agent import Answered, Ask, Capabilities, Event, Started

PROGRAM = """
import sys, time
name, ledger = sys.argv[1:3]
with open(ledger, "a") as file:
    file.write(f"{name}\\n")
for number in range(int(sys.argv[3])):
    print("x" * 9999, flush=True)
"""


class Prints:
    """An agent that prints some lines of 10 kB."""

    can = Capabilities(resumes=True)

    def __init__(self, name: str) -> None:
        self.name = name

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        yield Started(session=ask.session or f"session of {self.name}")
        command = Command(
            program=self.name,
            executable=sys.executable,
            flags=("-c", PROGRAM, self.name, os.environ["LEDGER"], os.environ.get("LINES", "3")),
            prompt="",
            cwd=ask.cwd,
            env={"PATH": os.environ["PATH"], **ask.marks},
            session="00000000-0000-4000-8000-000000000001",
            resumes=False,
        )
        async with open_session(command, ask) as running:
            for process in await running.spawned():
                yield process
            async for _ in running.lines():
                pass
            await running.close()
        yield Answered("done")


@workflow
def programs(ctx: Context[NoInput]) -> Node[str]:
    before = Step("before", lambda: "before")
    agents = [Prints("first"), Prints("second")]
    task = Task("task", agent=agents, prompt="go", retry=Retry(tries=1))
    return Sequence(before, task, result=task)
