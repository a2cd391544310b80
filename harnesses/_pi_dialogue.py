"""The dialogue with `pi --mode rpc`: a prompt, and what people say while Pi works on it.

A text whose first word is a command of Pi's, of an extension or of a skill would run it, and the
model would not read it. Pi lists them, and such a text gets a newline before it: nothing else of it
is changed.

A prompt and a message are both the command `prompt`, which joins a run or, where all has settled,
begins one. What joins is told to the model after the tools that run. One message is on its way at a
time, and none before the first prompt has come in: Pi takes what comes before a run has begun for
another run, and one of the two is lost.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import Any

from harnesses._json import line_of, list_of, object_in, object_of, text_of
from harnesses._pi_stream import Stream, is_update
from harnesses._turns import Write
from harnesses.recording import Ending
from smithers.agent import Answered, Event, Steered

__all__ = ["Dialogue"]

_COMMANDS, _STATE, _PROMPT, _MESSAGE = "commands", "state", "prompt", "message"
_BUILT_IN = frozenset({"llama"})
"""The commands of 0.87 with all extensions off, for a Pi that does not list them."""
_QUESTIONS = ("select", "confirm", "input", "editor")


class Dialogue:
    """`listens` is set while the next message may be told, `pending` whether one is on its way."""

    def __init__(self, write: Write, *, stream: Stream, prompt: str) -> None:
        self._write, self._heard = write, stream
        self.listens = asyncio.Event()
        self._refused = self._accepted = False
        self._on_its_way: str | None = None
        self._commands = _BUILT_IN
        self._prompt: str | None = prompt
        self._say(id=_COMMANDS, type="get_commands")
        self._say(id=_STATE, type="get_state")

    @property
    def over(self) -> bool:
        return self._refused or self._heard.over

    @property
    def pending(self) -> bool:
        return self._on_its_way is not None

    @property
    def completed(self) -> bool:
        return self._heard.completed

    @property
    def notice(self) -> str:
        return self._heard.notice

    @property
    def last_words(self) -> bytes:
        """What stops a run before Pi is left."""
        runs = self._heard.begun and not self.over
        return line_of({"id": "abort", "type": "abort"}) if runs else b""

    def tell(self, text: str) -> None:
        """Its `Steered` follows when it is part of the session."""
        self._on_its_way, self._accepted = text, False
        self.listens.clear()
        self._say(id=_MESSAGE, type="prompt", message=self._plain(text), streamingBehavior="steer")

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

    def answer(self, ending: Ending, stderr: str) -> Answered:
        """The answer, or raises what became of the last run."""
        return self._heard.answer(ending, stderr)

    def _go_on(self, said: Mapping[str, Any]) -> None:
        match said.get("type"):
            case "response" if said.get("id") == _COMMANDS:
                self._take_commands(said)
            case "response" if said.get("id") == _STATE:
                self._begin()  # an older Pi has nothing to say of commands
            case "response" if said.get("id") == _PROMPT:
                self._refused = said.get("success") is False
            case "response" if said.get("id") == _MESSAGE:
                self._accepted = said.get("success") is not False
                if not self._accepted:
                    self._arrived()
            case "message_end" if not self.pending:
                self.listens.set()
            case "agent_settled" if self._accepted:
                self._arrived()  # it joined a run that ended before it was told: nobody heard it
            case "extension_ui_request" if said.get("method") in _QUESTIONS:
                answer = {"type": "extension_ui_response", "id": text_of(said.get("id"))}
                self._say(**answer, cancelled=True)  # nobody is there to be asked
            case _:
                pass

    def _take_commands(self, said: Mapping[str, Any]) -> None:
        if said.get("success") is True:
            listed = list_of(object_of(said.get("data")).get("commands"))
            self._commands = frozenset(text_of(object_of(each).get("name")) for each in listed)
            self._begin()

    def _begin(self) -> None:
        """Says the prompt, once."""
        if self._prompt is not None:
            self._say(id=_PROMPT, type="prompt", message=self._plain(self._prompt))
            self._prompt = None

    def _plain(self, text: str) -> str:
        """The text, or one that the model reads in its place since Pi would take it for itself."""
        first = re.match(r"/(\S+)", text)
        return f"\n{text}" if first and first[1] in self._commands else text

    def _arrived(self) -> None:
        self._on_its_way, self._accepted = None, False
        self.listens.set()

    def _say(self, **command: object) -> None:
        self._write(line_of(command))
