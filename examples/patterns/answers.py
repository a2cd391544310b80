"""An agent that answers from a function of its prompt: no program, no account, no network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from pydantic import TypeAdapter

from smithers.agent import Answered, Ask, Capabilities, Event, Started

__all__ = ["Answers"]


class Answers:
    """Answers with what `answer` returns: a text, or a model or list, which it sends as JSON."""

    can = Capabilities(resumes=True, forks=True, native_schema=True)

    def __init__(self, answer: Callable[[str], object], name: str = "agent") -> None:
        self.answer = answer
        self.name = name

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        yield Started(ask.session or f"{self.name}-1")
        found = self.answer(ask.told)
        json = TypeAdapter[object](object).dump_json
        yield Answered(found if isinstance(found, str) else json(found).decode())
