"""What an attempt said, event by event, in words for a person."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["event_words"]

_Payload = Mapping[str, Any]
_MOST = 500


def event_words(event: _Payload) -> str:
    """An event of an attempt in words; nothing for one that says little to a person.

    >>> event_words({"event": "toolcalled", "name": "Bash", "arguments": {"command": "ls"}})
    '→ Bash {"command": "ls"}'
    """
    describe = _WORDS.get(str(event.get("event")))
    return _other(event) if describe is None else describe(event)


def _text(event: _Payload) -> str:
    return str(event.get("text", ""))


def _called(event: _Payload) -> str:
    arguments = json.dumps(event.get("arguments", {}), ensure_ascii=False)
    return f"→ {event.get('name')} {_cut(arguments)}"


def _returned(event: _Payload) -> str:
    mark = "✗" if event.get("failed") else "←"
    return f"{mark} {_cut(_text(event))}"


def _used(event: _Payload) -> str:
    cost = event.get("cost")
    money = "" if cost is None else f", ${cost:.4f}"
    tokens_in = event.get("tokens_in", 0)
    unit = "token" if tokens_in == 1 else "tokens"
    return f"used {tokens_in} {unit} in, {event.get('tokens_out', 0)} out{money}"


def _other(event: _Payload) -> str:
    hidden = ("event", "at", "task", "iteration", "attempt", "agent")
    facts = {name: value for name, value in event.items() if name not in hidden}
    return f"{event.get('event')} {_cut(json.dumps(facts, ensure_ascii=False))}"


def _cut(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[:_MOST]}… ({len(text)} characters)"


_WORDS: dict[str, Callable[[_Payload], str]] = {
    "started": lambda event: "started",
    "said": _text,
    "thought": lambda event: f"({_text(event)})" if _text(event) else "",
    "toolcalled": _called,
    "toolreturned": _returned,
    "used": _used,
    "answered": lambda event: f"answered: {_text(event)}",
    "folder": lambda event: f"works in {event.get('path')}",
    "new_session": lambda event: f"starts a new session: {event.get('why')}",
    "repair": lambda event: f"asked to correct its answer: {event.get('error')}",
    "steered": lambda event: f"received a message: {_text(event)}",
    "dropped": lambda event: f"left out a line of {event.get('size_bytes')} bytes (too long)",
    "printed": _text,
    "command": lambda event: f"$ {_cut(shlex.join(map(str, event.get('argv') or ())))}",
    "exited": lambda event: f"exit code {event.get('exit_code')}",
    "raised": _text,
    "heartbeat": lambda event: f"heartbeat {event.get('note') or ''}",
}
