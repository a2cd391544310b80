"""What the agent of a task said and did, as blocks: each call of a tool with what it returned."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, cast

from smithers.errors import SmithersError
from smithers.store.rows import time_of
from smithers.values import dataclass
from smithers.views import event_words
from smithers.web.pages._edits import edits_of, lists_in, path_in
from smithers.web.pages._texts import Part, parts_of_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smithers.views import AttemptView, LogEvent, TaskMessage

__all__ = ["Block", "Turn", "shown_messages", "turns_of"]

_MOST = 20_000
"""This many characters of a text are shown."""
_SILENT = ("used", "heartbeat", "spawned", "answered")
_TELLING = ("command", "cmd", "pattern", "query", "url", "description")
"""The arguments that tell what a call is about, before its first one."""
_FAST_S = 1.0
"""How long a call took is shown if it is longer."""
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
    `left_out` are how many characters are not shown. `edits` are the changes that a call makes to
    files. A message that was read has its `message`, and in `name` the tool with whose result.
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
    edits: Sequence[Part] = ()
    returned: datetime | None = None
    message: TaskMessage | None = None
    id: str = ""
    """Its place in the log, also when the page no longer has those before it."""

    @property
    def lines(self) -> int:
        return sum(part.text.count("\n") + 1 for part in self.result or ())

    @property
    def took_s(self) -> float | None:
        """How long a call took, if that was long."""
        if self.at is None or self.returned is None:
            return None
        took_s = (self.returned - self.at).total_seconds()
        return took_s if took_s >= _FAST_S else None

    @property
    def added(self) -> int:
        return sum(part.added for part in self.edits)

    @property
    def removed(self) -> int:
        return sum(part.removed for part in self.edits)


@dataclass(kw_only=True)
class Turn:
    """What one attempt said and did."""

    number: int
    agent: str
    blocks: list[Block] = field(default_factory=list[Block])
    attempt: AttemptView | None = None

    @property
    def calls(self) -> int:
        return sum(block.kind == "tool" for block in self.blocks)


def turns_of(
    events: Iterable[LogEvent],
    attempts: Iterable[AttemptView] = (),
    messages: Iterable[TaskMessage] = (),
    folder: str = "",
) -> list[Turn]:
    """The attempts in order, each with its blocks. Paths are shown relative to `folder`."""
    found: list[Turn] = []
    open_calls: dict[str, Block] = {}
    tries = {one.number: one for one in attempts}
    unread = [one for one in messages if one.view.state == "told"]
    last_call = ""
    for event in events:
        name, payload = event.attempt, event.payload
        kind = str(payload.get("event"))
        if kind in _SILENT:
            continue
        if not found or found[-1].number != name.number:
            attempt = tries.get(name.number)
            found.append(Turn(number=name.number, agent=name.agent, attempt=attempt))
            open_calls, last_call = {}, ""
        call = open_calls.pop(str(payload.get("call")), None) if kind == "toolreturned" else None
        if call is not None:
            call.result, call.left_out = _cut(str(payload.get("text", "")))
            call.failed = bool(payload.get("failed"))
            call.returned, last_call = _time(payload.get("at")), call.name
        elif (block := _block(kind, payload, folder)) is not None:
            block.id = event.cursor
            found[-1].blocks.append(block)
            if kind == "toolcalled":
                open_calls[str(payload.get("call"))] = block
            elif kind == "steered":
                block.name, block.message = last_call, _message(payload, name.number, unread)
            elif kind == "started":
                block.parts = _resumed(block.parts, payload, name.number, tries)
            last_call = last_call if kind == "steered" else ""
    return found


def shown_messages(turns: Iterable[Turn]) -> set[int]:
    """The ids of the messages that a session shows where they were read."""
    blocks = (block for turn in turns for block in turn.blocks)
    return {block.message.id for block in blocks if block.message is not None}


def _resumed(
    parts: Sequence[Part],
    payload: Mapping[str, Any],
    number: int,
    tries: Mapping[int, AttemptView],
) -> Sequence[Part]:
    """A session with the attempt from which it is continued, if there is one."""
    session = payload.get("session")
    before = [n for n, one in tries.items() if n < number and one.session == session]
    return (
        parts_of_text(f"session {session}, continued from attempt {max(before)}")
        if before
        else parts
    )


def _message(
    payload: Mapping[str, Any], attempt: int, unread: list[TaskMessage]
) -> TaskMessage | None:
    """The message that an agent has read, which is then no longer one of those not read."""
    text = str(payload.get("text", ""))
    for one in unread:
        if one.text == text and one.view.attempt == attempt:
            unread.remove(one)
            return one
    return None


def _block(kind: str, payload: Mapping[str, Any], folder: str) -> Block | None:
    at = _time(payload.get("at"))
    if kind == "toolcalled":
        arguments: dict[str, Any] = payload.get("arguments") or {}
        return Block(
            kind="tool",
            at=at,
            name=str(payload.get("name")),
            brief=_brief(arguments, folder),
            arguments=[(name, _cut(_shown(value))[0]) for name, value in arguments.items()],
            edits=edits_of(arguments),
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
    return f"session {payload.get('session')}" if kind == "started" else event_words(payload)


def _brief(arguments: Mapping[str, Any], folder: str) -> str:
    """What a call is about, in a line: its command, its path, or the first of its arguments."""
    if path := path_in(arguments):
        return path.removeprefix(f"{folder}/")[:200]
    paths = [path for path in map(path_in, lists_in(arguments)) if path]
    if paths:
        return ", ".join(path.removeprefix(f"{folder}/") for path in paths)[:200]
    first = next(iter(arguments.values()), "")
    telling = next((arguments[name] for name in _TELLING if name in arguments), first)
    if isinstance(telling, list):
        telling = " ".join(map(str, cast("list[object]", telling)))
    return " ".join(_shown(telling)[:400].split())[:200]


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


def _cut(text: str) -> tuple[Sequence[Part], int]:
    return parts_of_text(text[:_MOST]), max(0, len(text) - _MOST)


def _time(text: object) -> datetime | None:
    try:
        return time_of(str(text))
    except (ValueError, SmithersError):
        return None
