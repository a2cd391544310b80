"""A scripted agent: each request takes the next line of its script, and is kept to be looked at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from smithers.agent import Answered, Ask, Capabilities, Event, Said, Started, Used

__all__ = ["HANGS", "Line", "Recalling", "Scripted"]

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
        forks: bool = False,
        native_schema: bool = False,
    ) -> None:
        self.name = name
        self.can = Capabilities(resumes=resumes, forks=forks, native_schema=native_schema)
        self.script = list(script) or ["done"]
        self.asks: list[Ask] = []
        self.stopped = 0
        self.sessions = 0

    @property
    def told(self) -> list[str]:
        """What the agent was told in each request: the follow-up in a session, else the prompt."""
        return [ask.told for ask in self.asks]

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


class Recalling:
    """An agent whose sessions are kept on `disk`: its answer is all that the session was told.

    A line of `script` that is an error is raised in that request, once the session has kept what it
    was told; one that is a text is the answer. With `forks_at`, a turn is the number of texts that
    the session was told until then.
    """

    def __init__(
        self,
        disk: dict[str, list[str]] | None = None,
        *script: Exception | str | None,
        name: str = "agent",
        resumes: bool = True,
        forks: bool = True,
        forks_at: bool = False,
        same_folder: bool = False,
    ) -> None:
        self.disk = {} if disk is None else disk
        self.name = name
        self.can = Capabilities(
            resumes=resumes, forks=forks, forks_at=forks_at, same_folder=same_folder
        )
        self.script = script
        self.asks: list[Ask] = []

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        self.asks.append(ask)
        line = self.script[len(self.asks) - 1] if len(self.asks) <= len(self.script) else None
        session, told = ask.session, ask.told
        if session is None or session not in self.disk:
            if session is not None:
                yield Started(session)
            session = f"{self.name}-{len(self.disk) + 1}"
            begun = self.disk.get(ask.forks or "")
            if begun is not None and ask.at is not None:
                assert self.can.forks_at
                begun = begun[: int(ask.at)] if int(ask.at) <= len(begun) else None
            told = ask.prompt if begun is None else told
            self.disk[session] = list(begun or ())
        yield Started(session)
        self.disk[session].append(told)
        if isinstance(line, Exception):
            raise line
        yield Said(told)
        turn = str(len(self.disk[session])) if self.can.forks_at else None
        yield Answered(line or " | ".join(self.disk[session]), turn=turn)
