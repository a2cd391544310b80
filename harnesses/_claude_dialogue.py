"""The dialogue with `claude --input-format stream-json`: the prompt, and messages while it runs.

A message has an id, and the program tells what becomes of it: `queued` at once, `started` when it
is part of the session. That is between two calls of tools, or after the turn, as a further one.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from harnesses._claude_stream import Stream
from harnesses._json import line_of, object_in, text_of
from harnesses._streams import broken_off
from harnesses._turns import Write
from harnesses.recording import Ending
from smithers.agent import Answered, Event, Steered

__all__ = ["Dialogue"]

_DROPPED = ("cancelled", "discarded", "refused")


class Dialogue:
    """`listens` is set when its session is open; before, it may not know that at all."""

    last_words = b""

    def __init__(self, write: Write, *, session: str, text: str) -> None:
        self._write, self._heard = write, Stream(session=session)
        self.listens, self._begins = asyncio.Event(), False
        self._told = deque[str]()
        self._queued: dict[str, str] = {}
        self._say(text)

    @property
    def over(self) -> bool:
        return self._heard.over

    @property
    def completed(self) -> bool:
        return self._heard.completed

    @property
    def pending(self) -> bool:
        return bool(self._told or self._queued or self._begins)

    @property
    def notice(self) -> str:
        return self._heard.notice

    def tell(self, text: str) -> None:
        self._told.append(text)
        self._say(text, uuid=str(uuid.uuid4()))

    def hear(self, line: bytes) -> Iterator[Event]:
        said = object_in(line)
        match said.get("type"):
            case "command_lifecycle":
                yield from self._became_of(said)
            case "system" if said.get("subtype") == "init":
                self.listens.set()
                self._begins = False
            case _:
                pass
        yield from self._heard.take(said)

    def answer(self, ending: Ending, stderr: str) -> Answered:
        """The answer, or raises what became of the last turn, which may have but begun."""
        if self._begins:
            raise broken_off("Claude Code", ending)
        return self._heard.answer(ending, stderr)

    def _say(self, text: str, **more: object) -> None:
        """The mark makes it a text and nothing else: not a command, and no file that it names is
        attached. It has no `priority`: the one that is exact in between two calls stops the tool.
        """
        message = {"role": "user", "content": text}
        self._write(line_of({"type": "user", "message": message, "text_not_typed": True, **more}))

    def _became_of(self, said: Mapping[str, Any]) -> Iterator[Steered]:
        """Messages are queued in the order in which they were told, whatever their ids are: those
        of a recording are not ours.
        """
        id, state = text_of(said.get("command_uuid")), said.get("state")
        if state == "queued" and id not in self._queued and self._told:
            self._queued[id] = self._told.popleft()
        elif state == "started" and id in self._queued:
            self._begins = self.over  # it is a turn of its own, whose `init` follows
            yield Steered(self._queued.pop(id))
        elif state in _DROPPED:
            self._queued.pop(id, None)
