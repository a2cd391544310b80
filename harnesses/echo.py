"""An agent that repeats its prompt: the smallest true adapter, for tests and first steps."""

from __future__ import annotations

from collections.abc import AsyncIterator

from smithers.agent import Answered, Ask, Capabilities, Event, Said, Started, Used

__all__ = ["Echo"]


class Echo:
    """Answers with the text it was given; a resumed session is given its follow-up."""

    name = "echo"
    can = Capabilities(resumes=True)

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        text = ask.followup if ask.session and ask.followup is not None else ask.prompt
        yield Started(session=ask.session or "echo-1")
        yield Said(text)
        yield Used(tokens_in=len(text.split()))
        yield Answered(text)
