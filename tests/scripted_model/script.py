"""The steps of a script, free of any provider's protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

__all__ = [
    "Cut",
    "Eof",
    "Hang",
    "Reply",
    "Script",
    "Status",
    "Step",
    "StreamError",
    "Text",
    "ToolCall",
    "script_from_json",
]


@dataclass(frozen=True)
class Text:
    """A spoken answer, in so many pieces, with a pause before each."""

    text: str
    thinking: str = ""
    pieces: int = 1
    pause_s: float = 0.0
    stop: str = "end_turn"
    tokens_in: int = 10
    tokens_out: int = 5


@dataclass(frozen=True)
class ToolCall:
    """A call of a tool; one of a `namespace` where the provider's tools have them. `also` are
    further ones, called at the same time.
    """

    name: str
    input: Mapping[str, object]
    text: str = ""
    pause_s: float = 0.0
    namespace: str = ""
    also: tuple[ToolCall, ...] = ()

    @property
    def all(self) -> tuple[ToolCall, ...]:
        return (self, *self.also)


@dataclass(frozen=True)
class Status:
    """A refusal with this HTTP status; `kind`, `message` and `more` as the provider says them."""

    code: int
    kind: str = "api_error"
    message: str = "scripted failure"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    more: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True)
class StreamError:
    """An error event inside a stream that began well."""

    kind: str = "overloaded_error"
    message: str = "Overloaded"


@dataclass(frozen=True)
class Cut:
    """The connection is reset after this text; before the headers, if it is empty."""

    text: str = ""


@dataclass(frozen=True)
class Eof:
    """The stream ends cleanly after this text, without the terminal event."""

    text: str = ""


@dataclass(frozen=True)
class Hang:
    """Nothing more comes after this text, until the client hangs up or the server stops."""

    text: str = ""


Step = Text | ToolCall | Status | StreamError | Cut | Eof | Hang
Reply = Callable[[Sequence[str]], Step]
"""A step made of what the tools returned so far, newest first: a model uses what it was told."""
Script = Sequence[Step | Reply] | Mapping[str, Sequence[Step | Reply]]

_KINDS: dict[str, type[Any]] = {
    "text": Text,
    "tool": ToolCall,
    "status": Status,
    "error": StreamError,
    "cut": Cut,
    "eof": Eof,
    "hang": Hang,
}
_FIRST_FIELD = {"tool": "name", "status": "code", "error": "kind"}


def script_from_json(value: Any) -> Script:
    """A script from JSON: `[{"text": "Hi"}, {"tool": "Bash", "input": {…}}]`, or an object."""
    if isinstance(value, dict):
        keyed = cast("dict[str, Any]", value)
        return {key: [_step(each) for each in steps] for key, steps in keyed.items()}
    return [_step(each) for each in value]


def _step(value: Any) -> Step:
    fields: dict[str, Any] = dict(value)
    kind = next((name for name in _KINDS if name in fields), None)
    if kind is None:
        raise ValueError(f"a step has one of {', '.join(_KINDS)}: {fields}")
    first = fields.pop(kind)
    step: Step = _KINDS[kind](**{_FIRST_FIELD.get(kind, "text"): first}, **fields)
    return step
