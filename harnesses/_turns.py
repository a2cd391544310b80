"""What adapters share of a request: the session in which it is asked, and hearing it to its end."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from harnesses._ladder import meant
from harnesses._streams import Stream, UnknownSession, ways
from harnesses.process import Command, Source, open_session
from smithers.agent import Ask, Event, Spawned, Started

__all__ = ["LEAVES_WITHIN_S", "heard", "in_a_session"]

LEAVES_WITHIN_S = 10.0
"""How long a program may take to write its session and end, after its last word."""

Turn = Callable[[Ask, str], AsyncGenerator[Event, None]]


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
        for pid in await running.pids():
            yield Spawned(pid)
        async for line in running.lines():
            for event in stream.hear(line):
                yield event
            if stream.over:
                running.leave_after(LEAVES_WITHIN_S)
        ending = await running.close()
        stderr = running.said_on_stderr
    answer = stream.answer(ending, stderr)
    if in_words and ask.schema is not None:
        answer = replace(answer, data=meant(answer.text, ask.schema))
    yield answer
