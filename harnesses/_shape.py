"""The shape of what a program says: event types, keys, types of values, the last event. All pure.

Two sessions of one version differ in every id, time and text, and have the same shape; so what
differs in shape is a change of the program. Of each object it is kept which keys it always has and
which at times. An object that says its type, or its role, stands apart from those of others.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from harnesses._json import object_in
from harnesses.recording import Recording

__all__ = ["Case", "Drift", "Shape", "drift", "shape_of"]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")
_KINDS = ("bool", "list", "number", "object", "str", "time", "uuid")
_FREE = frozenset((
    "api_error_params", "args", "arguments", "availableDecisions", "by_type", "details", "input",
    "modelUsage", "model_usage_since_last_result", "parameters", "sections", "structured_output",
    "tool_input", "tool_use_result",
))  # fmt: skip
"""Keys of what a model, a tool or an author chose: what is in them is no shape of the program."""
_AMID = "/ACTIVE"
"""What is told while a step goes on comes as time allows, at times never: it is not missed."""

Objects = dict[str, dict[str, str]]
"""By the path of an object: the types of its keys, which have a `?` if they are not always there.

    {"result": {"is_error": "bool", "result?": "str"}, "result.usage": {"input_tokens": "number"}}
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """The types of events that one session had to have, and the last of them."""

    events: tuple[str, ...]
    ends: str | None


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The shape of several sessions of one program."""

    version: str | None = None
    objects: Objects = field(default_factory=dict[str, dict[str, str]])
    cases: Mapping[str, Case] = field(default_factory=dict[str, Case])


@dataclass(frozen=True, kw_only=True)
class Drift:
    """What is broken, which an adapter reads; what is gone that it does not read; what is new."""

    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()


class _Seen:
    """How often an object was seen, and each of its keys with the types of its values."""

    def __init__(self) -> None:
        self.times = 0
        self.keys: dict[str, tuple[int, set[str]]] = {}

    def told(self) -> dict[str, str]:
        return {
            key if times == self.times else f"{key}?": "|".join(sorted(kinds))
            for key, (times, kinds) in sorted(self.keys.items())
        }


def shape_of(sessions: Iterable[tuple[str, Recording]]) -> Shape:
    """The shape of sessions, each with the name of its case."""
    seen: dict[str, _Seen] = {}
    cases: dict[str, Case] = {}
    version: str | None = None
    for name, session in sessions:
        version = session.header.version or version
        events = [(_name(event), event) for event in _events(session)]
        for event_name, event in events:
            _look(event_name, event, seen)
        names = [event_name for event_name, _ in events]
        due = {event_name for event_name in names if not event_name.endswith(_AMID)}
        cases[name] = Case(events=tuple(sorted(due)), ends=names[-1] if names else None)
    objects = {path: one.told() for path, one in sorted(seen.items())}
    return Shape(version=version, objects=objects, cases=cases)


def _events(session: Recording) -> Iterator[dict[str, Any]]:
    for line in session.text("out").split(b"\n"):
        if event := object_in(line):
            yield event


def _name(event: Mapping[str, Any]) -> str:
    """What an event calls itself; an answer of JSON-RPC has no name.

    One that is named by a key `event` is told apart by whose it is, its type and how it stands.
    """
    if isinstance(named := event.get("event"), str):
        told = (event.get(key) for key in ("source", "type", "status"))
        return "/".join((named, *(each for each in told if isinstance(each, str))))
    kind = event.get("type") or event.get("method")
    if not isinstance(kind, str):
        return "answer" if "result" in event else "refusal" if "error" in event else "unnamed"
    sub = event.get("subtype")
    return f"{kind}/{sub}" if isinstance(sub, str) else kind


def _look(path: str, value: Mapping[str, Any], seen: dict[str, _Seen]) -> None:
    one = seen.setdefault(path, _Seen())
    one.times += 1
    for key, inner in value.items():
        times, kinds = one.keys.setdefault(key, (0, set()))
        kinds.add(_kind(inner))
        one.keys[key] = (times + 1, kinds)
        if key not in _FREE:
            _look_into(f"{path}.{key}", inner, seen)


def _look_into(path: str, value: object, seen: dict[str, _Seen]) -> None:
    if isinstance(value, dict):
        inner = cast("dict[str, Any]", value)
        _look(path + _typed(inner), inner, seen)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            _look_into(f"{path}[]", item, seen)


def _typed(value: Mapping[str, Any]) -> str:
    kind = value.get("type") or value.get("role")
    return f"({kind})" if isinstance(kind, str) else ""


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "uuid" if _UUID.fullmatch(value) else "time" if _TIME.fullmatch(value) else "str"
        case list():
            return "list"
        case _:
            return "object"


def _may_be(kinds: set[str]) -> set[str]:
    """What an adapter must reckon with: nothing may come at any time, and an id is any text."""
    known = kinds - {"null"}
    texts = {"str", "uuid", "time"} if known & {"str", "uuid", "time"} else set[str]()
    return known | texts or {*_KINDS}


def drift(was: Shape, now: Shape, reads: Container[str] | None = None) -> Drift:
    """What changed from one shape to another, of what both have seen.

    That an event is gone can be told where both have a case of the same name. `reads` are the names
    of keys and events that the adapter reads; without them, all count as read.
    """
    changes = _Changes(reads)
    for path in sorted(now.objects):
        if path not in was.objects:
            changes.new.append(f"{path} is new")
        else:
            _compare(path, was.objects[path], now.objects[path], changes)
    for name in sorted(was.cases.keys() & now.cases.keys()):
        old, case = was.cases[name], now.cases[name]
        for event in sorted(set(old.events) - set(case.events)):
            changes.lost(event.split("/"), f"{event} no longer occurs ({name})")
        if old.ends != case.ends:
            said = f"the last event is {case.ends}, and was {old.ends} ({name})"
            changes.lost(f"{old.ends}/{case.ends}".split("/"), said)
    return Drift(new=tuple(changes.new), gone=tuple(changes.gone), broken=tuple(changes.broken))


class _Changes:
    """The changes between two shapes, as they are found."""

    def __init__(self, reads: Container[str] | None) -> None:
        self.new: list[str] = []
        self.gone: list[str] = []
        self.broken: list[str] = []
        self._reads = reads

    def lost(self, names: Iterable[str], said: str) -> None:
        """Note what an adapter can no longer read, if it reads one of these names."""
        read = self._reads is None or any(name in self._reads for name in names)
        (self.broken if read else self.gone).append(said)


def _compare(path: str, was: Mapping[str, str], now: Mapping[str, str], changes: _Changes) -> None:
    old = {key.removesuffix("?"): kinds for key, kinds in was.items()}
    found = {key.removesuffix("?"): kinds for key, kinds in now.items()}
    for key in (key for key in was if key not in found and not key.endswith("?")):
        changes.lost([key], f"{path}.{key} is gone")
    changes.new += [
        f"{path}.{key} is new: {kinds}" for key, kinds in found.items() if key not in old
    ]
    for key in sorted(old.keys() & found.keys()):
        before, after = set(old[key].split("|")), set(found[key].split("|"))
        if not _may_be(before) & _may_be(after):
            changes.lost([key], f"{path}.{key} is {found[key]}, and was {old[key]}")
        elif after - before:
            changes.new.append(f"{path}.{key} may be {found[key]}, and was {old[key]}")
    for key in (key for key in was if not key.endswith("?") and f"{key}?" in now):
        changes.lost([key], f"{path}.{key} is no longer always present")
