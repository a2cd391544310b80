"""What JSON cannot hold is found before it is written: nothing becomes null or another value."""

from __future__ import annotations

import dataclasses
import math
import re
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import GenericAlias
from typing import Any, cast

from pydantic import BaseModel

__all__ = ["NotExact", "class_named", "name_of_class", "not_finite", "not_plain"]

_CONTAINER = re.compile(r"(list|dict)\[(.+)\]")


class NotExact(ValueError):
    """A value that would not be read back as it was given; the message names the field."""


def not_finite(value: object, at: str = "") -> Iterator[str]:
    """Where a value has a number that JSON does not know, as in `scores[2] is nan`."""
    if isinstance(value, float | Decimal):
        if not math.isfinite(value):
            yield f"{at or 'the value'} is {value}"
        return
    for where, below in _below(value, at):
        yield from not_finite(below, where)


def not_plain(value: object, at: str = "") -> str | None:
    """What in a value of no declared type JSON cannot hold exactly, and what to do; None if all of
    it is text, numbers, booleans, None, lists and dicts with text keys.
    """
    where = at or "the value"
    if isinstance(value, dict):
        for key, below in cast("dict[object, object]", value).items():
            if type(key) is not str:
                return f"the key {key!r} of {where} is not a string"
            if (found := not_plain(below, f"{at}[{key!r}]")) is not None:
                return found
        return None if type(value) is dict else _other(value, where)
    if isinstance(value, list):
        for number, below in enumerate(cast("list[object]", value)):
            if (found := not_plain(below, f"{at}[{number}]")) is not None:
                return found
        return None if type(value) is list else _other(value, where)
    if value is None or type(value) in (str, int, bool):
        return None
    if type(value) is float:
        return None if math.isfinite(value) else f"{where} is {value}, which JSON does not have"
    return _other(value, where)


def _other(value: object, where: str) -> str:
    kind = type(value)
    if isinstance(value, set | frozenset):
        return f"{where} is a {kind.__name__}, which has no order: return sorted(...)"
    if isinstance(value, tuple):
        return f"{where} is a tuple, which JSON does not have: return a list, or write output="
    return f"{where} is a {kind.__name__}, which is not plain JSON: write output="


def _below(value: object, at: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, BaseModel):
        fields = {**value.__dict__, **(value.__pydantic_extra__ or {})}
        yield from ((f"{at}.{name}".lstrip("."), below) for name, below in fields.items())
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield f"{at}.{field.name}".lstrip("."), getattr(value, field.name, None)
    elif isinstance(value, Mapping):
        for key, below in cast("Mapping[object, object]", value).items():
            yield f"{at}[{key!r}]", below
    elif isinstance(value, list | tuple | set | frozenset):
        for number, below in enumerate(cast("list[object]", value)):
            yield f"{at}[{number}]", below


def name_of_class(value: object) -> str | None:
    """The importable class of a model or dataclass as `module:qualified name`, or of all in a list
    or dict of them, as `list[module:Plan]`; None for anything else.

    Raises `NotExact` for a class that another process could not find again.
    """
    if isinstance(value, list | dict) and value:
        items = cast("list[object]", list(value.values() if isinstance(value, dict) else value))
        if isinstance(value, dict) and not all(type(key) is str for key in cast("Any", value)):
            return None
        kinds = {type(item) for item in items}
        if len(kinds) == 1 and _is_structured(kinds.copy().pop()):
            return f"{type(value).__name__}[{_importable(kinds.pop())}]"
        return None
    return _importable(type(value)) if _is_structured(type(value)) else None


def _is_structured(kind: type) -> bool:
    return issubclass(kind, BaseModel) or dataclasses.is_dataclass(kind)


def _importable(kind: type) -> str:
    name = f"{kind.__module__}:{kind.__qualname__}"
    if kind.__module__ == "__main__" or _loaded(name) is not kind:
        raise NotExact(
            f"the class {kind.__qualname__} cannot be found again by its name: write"
            f" output={kind.__name__}, or define it at the top of its module"
        )
    return name


def _loaded(name: str) -> object:
    """The object of a name in a module that is loaded already; nothing is imported."""
    module, _, path = name.partition(":")
    found: object = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    return found


def class_named(name: str) -> Any:
    """The type that `name_of_class` named, of a module that the author's workflow has loaded; None
    if it has no such model or dataclass now. A name in a row imports and runs nothing.
    """
    if (match := _CONTAINER.fullmatch(name)) is not None:
        below = class_named(match[2])
        if below is None:
            return None
        return GenericAlias(list, below) if match[1] == "list" else GenericAlias(dict, (str, below))
    found = _loaded(name)
    return found if isinstance(found, type) and _is_structured(found) else None
