"""An agent in twelve lines, which answers from a function: no program, no account, no network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from smithers import Context, Node, NoInput, Task, workflow
from smithers.agent import Answered, Ask, Capabilities, Event, Started


class Scripted:
    """Answers each prompt with what `answer` returns for it."""

    can = Capabilities(resumes=True, native_schema=True)

    def __init__(self, answer: Callable[[str], str], name: str = "scripted") -> None:
        self.answer = answer
        self.name = name

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        yield Started(ask.session or f"{self.name}-1")
        yield Answered(self.answer(ask.prompt))


poet = Scripted(lambda prompt: f"A poem about {prompt.split()[-1]}")


@workflow
def hello(ctx: Context[NoInput]) -> Node[str]:
    return Task("poem", agent=poet, prompt="Write a poem about whales")
