"""The dialogue with `pi --mode rpc`: a prompt, and what people say while Pi works on it.

Both are the command `prompt`, which joins a run or, where all has settled, begins one. What joins
is told to the model after the tools that run. One message is on its way at a time, and none before
the first prompt has come in: Pi takes what comes before a run has begun for another run, and one of
the two is lost.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harnesses._json import object_in, text_of
from harnesses._pi_stream import Stream, is_update
from smithers.agent import Event, Steered

__all__ = ["Dialogue"]

_STATE, _PROMPT, _MESSAGE = "state", "prompt", "message"
_QUESTIONS = ("select", "confirm", "input", "editor")


class Dialogue:
    """`over` is whether nothing more will be said, by Pi or to it.

    `ready` is set while the next message may be told.
    """

    def __init__(
        self,
        write: Callable[[bytes], None],
        stream: Stream,
        prompt: str,
        messages: asyncio.Queue[str] | None,
    ) -> None:
        self._write, self._heard, self._messages = write, stream, messages
        self._refused = self._accepted = False
        self._on_its_way: str | None = None
        self.ready = asyncio.Event()
        self._say(id=_STATE, type="get_state")
        self._say(id=_PROMPT, type="prompt", message=prompt)

    @property
    def over(self) -> bool:
        if self._refused:
            return True
        if self._on_its_way is not None or not self._heard.over:
            return False
        # A run that failed is followed by no other here: what is left is for the next attempt.
        return self._messages is None or self._messages.empty() or not self._heard.answered

    @property
    def last_words(self) -> bytes:
        """What stops a run before Pi is left."""
        return _line(id="abort", type="abort") if self._heard.begun and not self.over else b""

    def tell(self, message: str) -> None:
        """Says what a person said. Its `Steered` follows when it is part of the session."""
        self._on_its_way, self._accepted = message, False
        self.ready.clear()
        self._say(id=_MESSAGE, type="prompt", message=message, streamingBehavior="steer")

    def hear(self, line: bytes) -> Iterator[Event]:
        if is_update(line):
            return
        said = object_in(line)
        for event in self._heard.take(said):
            if not isinstance(event, Steered):
                yield event
            elif self._on_its_way is not None:
                yield Steered(self._on_its_way)
                self._arrived()
        self._go_on(said)

    def _go_on(self, said: Mapping[str, Any]) -> None:
        match said.get("type"):
            case "response" if said.get("id") == _PROMPT:
                self._refused = said.get("success") is False
            case "response" if said.get("id") == _MESSAGE:
                self._accepted = said.get("success") is not False
                if not self._accepted:
                    self._arrived()
            case "message_end" if self._on_its_way is None:
                self.ready.set()
            case "agent_settled" if self._accepted:
                self._arrived()  # it joined a run that ended before it was told: nobody heard it
            case "extension_ui_request" if said.get("method") in _QUESTIONS:
                answer = {"type": "extension_ui_response", "id": text_of(said.get("id"))}
                self._say(**answer, cancelled=True)  # nobody is there to be asked
            case _:
                pass

    def _arrived(self) -> None:
        self._on_its_way, self._accepted = None, False
        self.ready.set()

    def _say(self, **command: object) -> None:
        self._write(_line(**command))


def _line(**command: object) -> bytes:
    return json.dumps(command, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
