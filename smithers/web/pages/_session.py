"""What the agent of a task said and did, as blocks: each call of a tool with what it returned."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from smithers.errors import SmithersError
from smithers.store.rows import time_of
from smithers.values import dataclass
from smithers.views import event_words
from smithers.web.pages._texts import Part, parts_of_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smithers.views import LogEvent

__all__ = ["Block", "Turn", "turns_of"]

_MOST = 20_000
"""So many characters of a text are shown."""
_SILENT = ("used", "heartbeat", "spawned")
_SAYS: dict[str, Literal["said", "thought", "message", "printed"]] = {
    "said": "said",
    "thought": "thought",
    "steered": "message",
    "printed": "printed",
    "raised": "printed",
}


@dataclass(kw_only=True)
class Block:
    """A text, or a call of a tool with its arguments, and with what it returned as soon as it did.
    `left_out` are how many characters are not shown.
    """

    kind: Literal["said", "thought", "message", "printed", "tool", "note"]
    at: datetime | None
    parts: Sequence[Part] = ()
    name: str = ""
    brief: str = ""
    arguments: Sequence[tuple[str, Sequence[Part]]] = ()
    result: Sequence[Part] | None = None
    failed: bool = False
    left_out: int = 0

    @property
    def lines(self) -> int:
        return sum(part.text.count("\n") + 1 for part in self.result or ())


@dataclass(kw_only=True)
class Turn:
    """What one attempt said and did."""

    number: int
    agent: str
    blocks: list[Block] = field(default_factory=list[Block])

    @property
    def calls(self) -> int:
        return sum(block.kind == "tool" for block in self.blocks)


def turns_of(events: Iterable[LogEvent]) -> list[Turn]:
    """The attempts in order, each with its blocks."""
    found: list[Turn] = []
    open_calls: dict[str, Block] = {}
    for event in events:
        name, payload = event.attempt, event.payload
        kind = str(payload.get("event"))
        if kind in _SILENT:
            continue
        if not found or found[-1].number != name.number:
            found.append(Turn(number=name.number, agent=name.agent))
            open_calls = {}
        call = open_calls.pop(str(payload.get("call")), None) if kind == "toolreturned" else None
        if call is not None:
            call.result, call.left_out = _cut(str(payload.get("text", "")))
            call.failed = bool(payload.get("failed"))
        elif (block := _block(kind, payload)) is not None:
            found[-1].blocks.append(block)
            if kind == "toolcalled":
                open_calls[str(payload.get("call"))] = block
    return found


def _block(kind: str, payload: Mapping[str, Any]) -> Block | None:
    at = _time(payload.get("at"))
    if kind == "toolcalled":
        arguments: dict[str, Any] = payload.get("arguments") or {}
        return Block(
            kind="tool",
            at=at,
            name=str(payload.get("name")),
            brief=_brief(arguments),
            arguments=[(name, _cut(_shown(value))[0]) for name, value in arguments.items()],
        )
    if kind == "toolreturned":  # of a call that is not on the page
        parts, left_out = _cut(str(payload.get("text", "")))
        failed = bool(payload.get("failed"))
        return Block(
            kind="tool", at=at, name="Result", result=parts, failed=failed, left_out=left_out
        )
    if (argv := payload.get("argv")) is not None:  # of a command that an agent has run
        return Block(kind="note", at=at, parts=_cut(f"$ {shlex.join(map(str, argv))}")[0])
    text = str(payload.get("text", "")) if kind in _SAYS else _words(kind, payload)
    if not text.strip():
        return None
    parts, left_out = _cut(text)
    return Block(kind=_SAYS.get(kind, "note"), at=at, parts=parts, left_out=left_out)


def _words(kind: str, payload: Mapping[str, Any]) -> str:
    if kind == "started":
        return f"session {payload.get('session')}"
    return "answered" if kind == "answered" else event_words(payload)


def _brief(arguments: Mapping[str, Any]) -> str:
    """What a call is about, in a line: the first of its arguments."""
    first = next(iter(arguments.values()), "")
    return " ".join(_shown(first)[:400].split())[:200]


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


def _cut(text: str) -> tuple[Sequence[Part], int]:
    return parts_of_text(text[:_MOST]), max(0, len(text) - _MOST)


def _time(text: object) -> datetime | None:
    try:
        return time_of(str(text))
    except (ValueError, SmithersError):
        return None
