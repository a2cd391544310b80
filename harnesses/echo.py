"""An agent that repeats its prompt: the smallest complete adapter, for tests and first steps."""

from __future__ import annotations

from collections.abc import AsyncIterator

from smithers.agent import Answered, Ask, Capabilities, Event, Said, Started, Used

__all__ = ["Echo"]


class Echo:
    """Answers with the text that it receives; in a resumed session that is the follow-up."""

    name = "echo"
    can = Capabilities(resumes=True, forks=True)

    def __init__(self) -> None:
        self._copies = 0

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        text, session = ask.told, ask.session or "echo-1"
        if ask.session is None and ask.forks is not None:
            self._copies += 1
            session = f"{ask.forks}.{self._copies}"
        yield Started(session)
        yield Said(text)
        yield Used(tokens_in=len(text.split()))
        yield Answered(text)
