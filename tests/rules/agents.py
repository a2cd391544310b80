"""A scripted agent: each request takes the next line of its script, and is kept to be looked at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from smithers.agent import Answered, Ask, Capabilities, Event, Started, Used

__all__ = ["HANGS", "Line", "Scripted"]

HANGS = "<hangs>"
"""A line that says nothing more until it is stopped."""
Line = str | Exception | Sequence[Event | Exception] | Callable[[Ask], str]


class Scripted:
    """Answers with the lines of `script`, the last one again and again.

    A line is an answer, an error, a list of events (an error in it is raised there), or a function
    of the request. Sessions are numbered `name-1`, `name-2`, and kept where `resumes` is true.
    """

    def __init__(
        self,
        *script: Line,
        name: str = "agent",
        resumes: bool = True,
        native_schema: bool = False,
    ) -> None:
        self.name = name
        self.can = Capabilities(resumes=resumes, native_schema=native_schema)
        self.script = list(script) or ["done"]
        self.asks: list[Ask] = []
        self.stopped = 0
        self.sessions = 0

    @property
    def told(self) -> list[str]:
        """What the agent was told in each request: the follow-up in a session, else the prompt."""
        return [
            ask.prompt if ask.session is None or ask.followup is None else ask.followup
            for ask in self.asks
        ]

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        line = self.script[min(len(self.asks), len(self.script) - 1)]
        self.asks.append(ask)
        if isinstance(line, Exception):
            raise line
        if not isinstance(line, str) and not callable(line):
            for event in line:
                if isinstance(event, Exception):
                    raise event
                yield event
            return
        if ask.session is None:
            self.sessions += 1
        yield Started(ask.session or f"{self.name}-{self.sessions}")
        if line == HANGS:
            try:
                await asyncio.Event().wait()
            finally:
                self.stopped += 1
        yield Used(tokens_in=10, tokens_out=2)
        yield Answered(line if isinstance(line, str) else line(ask))
