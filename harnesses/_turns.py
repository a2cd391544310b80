"""What adapters share of a request: its session, hearing it to its end, and talking meanwhile."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

from harnesses._ladder import meant
from harnesses._streams import Stream, UnknownSession, ways
from harnesses._telling import telling
from harnesses.process import Command, Source, open_session
from smithers.agent import Ask, Event, Started
from smithers.errors import Stalled

__all__ = [
    "LEAVES_WITHIN_S",
    "Dialogue",
    "Write",
    "conversed",
    "events_of",
    "heard",
    "in_a_session",
]

LEAVES_WITHIN_S = 10.0
"""How long a program may take to write its session and end, after its last word."""

Turn = Callable[[Ask, str], AsyncGenerator[Event, None]]
Write = Callable[[bytes], None]


class Dialogue(Stream, Protocol):
    """A reader that answers its program as well, and can be told messages for it."""

    @property
    def listens(self) -> asyncio.Event:
        """Set when the session is open, so that a message will be part of it."""
        ...

    @property
    def completed(self) -> bool:
        """Whether the last turn is over, and has an answer."""
        ...

    @property
    def pending(self) -> bool:
        """Whether the program has yet to take in a message that it was told."""
        ...

    @property
    def last_words(self) -> bytes:
        """What stops a running turn, so that its session can be gone on with."""
        ...

    def tell(self, text: str) -> None:
        """Hands a message to the program, which takes it in as soon as it can."""
        ...


async def in_a_session(ask: Ask, turn: Turn) -> AsyncGenerator[Event, None]:
    """A request in the best of its ways, each in a session whose id is told first.

    `turn` asks in one of them; it raises `UnknownSession` where the program has no such session.
    """
    *known, anew = ways(ask)
    for way in (*known, anew):
        session = way.session or str(uuid.uuid4())
        yield Started(session)
        try:
            async with aclosing(turn(way, session)) as events:
                async for event in events:
                    yield event
            return
        except UnknownSession:
            if way is anew:
                raise


async def heard(
    command: Command, ask: Ask, source: Source, stream: Stream, *, in_words: bool = False
) -> AsyncGenerator[Event, None]:
    """What a program says, as its reader tells it, with its answer at the end.

    With `in_words` the schema was asked for in the prompt, so what fits it is looked for in the
    text; where nothing does it stays a text, and the engine's affair.
    """
    async with open_session(command, ask, source.replay, source.record) as running:
        for process in await running.spawned():
            yield process
        async for told in running.output():
            for event in events_of(told, stream):
                yield event
            if stream.over:
                running.leave_after(LEAVES_WITHIN_S)
        ending = await running.finish()
        stderr = running.said_on_stderr
    answer = stream.answer(ending, stderr)
    if in_words and ask.schema is not None:
        answer = replace(answer, data=meant(answer.text, ask.schema))
    yield answer


def events_of(told: bytes | Event, stream: Stream) -> Iterator[Event]:
    """The events of one line of a program's output; what is already an event comes as it is."""
    if isinstance(told, bytes):
        yield from stream.hear(told)
    else:
        yield told


def _any_line(line: bytes) -> bool:
    return True


async def conversed(
    command: Command,
    ask: Ask,
    source: Source,
    begin: Callable[[Write], Dialogue],
    is_sign_of_life: Callable[[bytes], bool] = _any_line,
) -> AsyncGenerator[Event, None]:
    """As `heard`, of a program that is talked to while it runs, and told the messages of `ask`.

    Its stdin is closed when its turn is over and nobody has said anything more. A turn that failed
    is followed by no other: what was not taken in then is for the next attempt.
    """
    async with open_session(command, ask, source.replay, source.record) as running:
        for process in await running.spawned():
            yield process
        talk = begin(running.write)
        async with telling(ask.messages, talk.listens, talk.tell) as stop:
            try:
                async for told in running.output(is_sign_of_life):
                    for event in events_of(told, talk):
                        yield event
                    running.last_words = talk.last_words
                    running.leave_after(LEAVES_WITHIN_S if talk.over else None)
                    if talk.over and not (talk.completed and _more(talk, ask)):
                        stop()
                        running.hang_up()
            except Stalled as error:
                raise Stalled(error.idle_s, why=talk.notice) from error
        ending = await running.finish()
        stderr = running.said_on_stderr
    yield talk.answer(ending, stderr)


def _more(talk: Dialogue, ask: Ask) -> bool:
    """Whether anything was said that no turn has taken in."""
    return talk.pending or (ask.messages is not None and not ask.messages.empty())
