"""The values between the loop and a vendor: what is asked, what a model replied, what it used."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal, cast

from harnesses._json import list_of, object_of
from harnesses.models._files import File
from harnesses.models._tools import Tool
from smithers.agent import Said, Thought

__all__ = [
    "JOINED",
    "Asked",
    "Call",
    "Entry",
    "Piece",
    "Replied",
    "Request",
    "Returned",
    "Stop",
    "Stream",
    "Tokens",
    "Turn",
    "call_of",
    "files_apart",
    "in_turns",
]

Stop = Literal["end", "length", "overflow", "paused", "refused"]


@dataclass(frozen=True, kw_only=True)
class Call:
    """A tool that the model wants run. `broken` is what it gave for arguments, if no object."""

    id: str
    name: str
    arguments: Mapping[str, object] = field(default_factory=dict[str, object])
    broken: str = ""


def call_of(id: str, name: str, given: str) -> Call:
    """A call whose arguments are JSON text, which a model may get wrong; no text is no arguments.

    >>> call_of("1", "read", '{"path": "a"}').arguments, call_of("1", "read", "{").broken
    ({'path': 'a'}, '{')
    """
    try:
        arguments: object = json.loads(given or "{}")
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        return Call(id=id, name=name, broken=given)
    return Call(id=id, name=name, arguments=object_of(cast("object", arguments)))


@dataclass(frozen=True)
class Asked:
    """What the user said."""

    text: str
    files: tuple[File, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Replied:
    """What the model said. `message` is the vendor's own form of it, which goes back as it came:
    signatures and hidden reasoning are in it. None stands for a message of `text` alone.
    """

    message: Any
    text: str
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Returned:
    """What a tool gave."""

    call: str
    name: str
    text: str
    failed: bool = False
    files: tuple[File, ...] = ()


Entry = Asked | Replied | Returned


def files_apart(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The same conversation for a vendor whose results of tools are text: the files that tools gave
    follow on the last of their results, as the user's.
    """
    files: list[File] = []
    for entry in entries:
        if isinstance(entry, Returned):
            files += entry.files
            yield replace(entry, files=())
            continue
        if files:
            yield Asked(_SHOWN, tuple(files))
            files = []
        yield entry
    if files:
        yield Asked(_SHOWN, tuple(files))


JOINED = "Consecutive messages reach the model as one, separated by an empty line."


def in_turns(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The same conversation with all that the user says in a row as one: a crash or a message may
    have come between, and there are servers that want the roles to alternate.
    """
    said: Asked | None = None
    for entry in entries:
        if not isinstance(entry, Asked):
            if said is not None:
                yield said
            said = None
            yield entry
        elif said is None:
            said = entry
        else:
            said = Asked(f"{said.text}\n\n{entry.text}", said.files + entry.files)
    if said is not None:
        yield said


_SHOWN = "These are the files that the tools returned."


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What one request used. The three kinds of input add up; `cost` is what the vendor told."""

    fresh: int = 0
    cached: int = 0
    written: int = 0
    out: int = 0
    cost: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One request, streamed to its end. `why` is the vendor's own word for the reason."""

    message: Any
    text: str
    calls: tuple[Call, ...]
    tokens: Tokens
    stop: Stop = "end"
    why: str = ""


Piece = Said | Thought | Turn
"""What a vendor's stream gives: pieces of text as they come, then one `Turn`."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request to a model. `heard` takes each event of the vendor, for the clock and the log.

    `schema` is None where the answer is free, or where the schema is asked for in words.
    """

    package: Any
    model: str
    system: str
    entries: Sequence[Entry]
    tools: Sequence[Tool]
    schema: Mapping[str, Any] | None
    max_tokens: int
    session: str
    more: Mapping[str, Any]
    heard: Callable[[Any], None]

    def with_more(self, fields: Mapping[str, Any], *, rest: str = "") -> dict[str, Any]:
        """The vendor's fields with the author's over them; objects and lists are joined.

        `rest` is the argument for fields of the author that the package may not know.
        """
        joined = {name: value for name, value in fields.items() if value is not None}
        unknown: dict[str, Any] = {}
        for name, value in self.more.items():
            to = unknown if rest and name not in fields else joined
            before: object = joined.get(name)
            objects, lists = object_of(before), list_of(before)
            to[name] = (objects and object_of(value) and objects | object_of(value)) or value
            if lists and list_of(value):
                to[name] = lists + list_of(value)
        return joined | ({rest: unknown} if unknown else {})


Stream = AsyncGenerator[Piece, None]
