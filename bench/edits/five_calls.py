"""Five calls of an agent: a, b and c at once, then d that reads b, then e that reads none of them.

Each leaves a line in the file `calls`. While the file `hang` is there, d waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from smithers import Context, Node, NoInput, Parallel, Sequence, Task, workflow
from smithers.agent import Answered, Ask, Capabilities, Event

HERE = Path(__file__).parent
PROMPTS = {"a": "CALL-a first", "b": "CALL-b first", "c": "CALL-c first", "e": "CALL-e first"}


class Noting:
    """An agent that leaves a line, and answers with its call."""

    name = "noting"
    can = Capabilities()

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        word = ask.prompt.removeprefix("CALL-")[0]
        with (HERE / "calls").open("a") as file:
            file.write(f"{word}\n")
        while word == "d" and (HERE / "hang").exists():  # noqa: ASYNC110  # the bench takes it away
            await asyncio.sleep(0.02)
        yield Answered(f"answer {word}")


@workflow
def five_calls(ctx: Context[NoInput]) -> Node:
    agent = Noting()
    a, b, c = (Task(word, agent=agent, prompt=PROMPTS[word]) for word in "abc")
    d = Task("d", agent=agent, prompt=lambda: f"CALL-d judge {ctx[b]}")
    return Sequence(Parallel(a, b, c), d, Task("e", agent=agent, prompt=PROMPTS["e"]))
