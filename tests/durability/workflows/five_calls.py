"""Five calls of an agent: a, b and c at once, then d that reads b, then e that reads none of them.

Each notes itself in the ledger, and waits while a file of its name is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from ledger import hold, note

from smithers import Context, Node, NoInput, Parallel, Sequence, Task, workflow
from smithers.agent import Answered, Ask, Capabilities, Event, Used

PROMPTS = {"a": "a: sum up", "b": "b: sum up", "c": "c: sum up", "d": "d: judge", "e": "e: end"}


class Noted:
    """An agent that answers with its prompt."""

    name = "noted"
    can = Capabilities()

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        word = ask.prompt[0]
        note(word)
        while hold(f"hold-{word}"):  # noqa: ASYNC110  # another process takes the file away
            await asyncio.sleep(0.02)
        yield Used(tokens_in=100, tokens_out=10)
        yield Answered(f"answer to {ask.prompt}")


@workflow
def five_calls(ctx: Context[NoInput]) -> Node:
    agent = Noted()
    a, b, c = (Task(word, agent=agent, prompt=PROMPTS[word]) for word in "abc")
    d = Task("d", agent=agent, prompt=lambda: f"{PROMPTS['d']} {ctx[b]}")
    return Sequence(Parallel(a, b, c), d, Task("e", agent=agent, prompt=PROMPTS["e"]))
