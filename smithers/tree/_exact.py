"""What JSON cannot hold is found before it is written: nothing becomes null or another value.

A value of no declared type must be plain JSON. One of a declared type is read back from its text
and compared with what was given: only that shows what an untyped field, a base class, a union or a
validator makes of it.
"""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from collections.abc import Iterable, Iterator, KeysView, Mapping, Sequence, ValuesView
from decimal import Decimal
from itertools import zip_longest
from typing import Any, cast

from pydantic import BaseModel
from pydantic_core import to_json

from smithers.tree._handles import Handle

__all__ = [
    "Changed",
    "NotExact",
    "check_plain",
    "check_same",
    "has_set",
    "is_plain",
    "not_finite",
    "unkept",
]

_MAX_DEPTH = 190
"""How deep lists and dicts may be nested; the reader of JSON ends at 200."""

_MAX_INT = 10**4300
"""An integer that can be read back has fewer digits."""

_PLAIN = frozenset({str, bool, type(None)})
_LEAVES = _PLAIN | {int, float}


class NotExact(ValueError):
    """A value that would not be read back as it was given; the message names the field."""

    def __init__(self, words: str, at: str = "") -> None:
        super().__init__(words, at)
        self.words = words
        self.at = at

    def __str__(self) -> str:
        at = self.at.lstrip(".") or "the value"
        return f"{at if len(at) <= 100 else f'{at[:60]}...{at[-30:]}'} {self.words}"


class Changed(NotExact):
    """A value that its declared type reads back as another: the type is at fault, not the value."""


def check_plain(value: object, depth: int = 0) -> None:
    """Raises `NotExact` unless `value` is text, numbers, booleans, None, and lists and dicts of
    them with text keys, which JSON holds as they are.
    """
    kind = type(value)
    if kind in _PLAIN:
        return
    if kind is int:
        if not -_MAX_INT < cast("int", value) < _MAX_INT:
            raise NotExact("has more than 4300 digits")
    elif kind is float:
        if not math.isfinite(cast("float", value)):
            raise NotExact(f"is {value}, which JSON does not have")
    elif kind is not list and kind is not dict:
        raise NotExact(_not_plain(value))
    elif depth == _MAX_DEPTH:
        raise NotExact(f"is nested more than {_MAX_DEPTH} deep, or contains itself")
    elif kind is list:
        _check_items(enumerate(cast("list[object]", value)), depth)
    else:
        _check_keys(cast("dict[object, object]", value))
        _check_items(cast("dict[object, object]", value).items(), depth)


def is_plain(value: object) -> bool:
    """Whether `check_plain` has nothing against it."""
    try:
        check_plain(value)
    except NotExact:
        return False
    return True


def _check_keys(value: Mapping[object, object]) -> None:
    if not set(map(type, value)) <= {str}:
        key = next(key for key in value if type(key) is not str)
        raise NotExact(f"has the key {key!r}, which is not a string")


def _check_items(items: Iterable[tuple[object, object]], depth: int) -> None:
    place: object = None
    try:
        for item in items:
            place = item[0]
            check_plain(item[1], depth + 1)
    except NotExact as error:
        error.at = f"[{place!r}]{error.at}"
        raise


_ADVICE: tuple[tuple[Any, str], ...] = (
    ((set, frozenset), "which has no order: return sorted(...)"),
    (tuple, "which JSON does not have: return a list, or write output="),
    (
        (Iterator, range, KeysView, ValuesView, list),
        "which is not plain JSON: return list(...), or write output=",
    ),
    (object, "which is not plain JSON: write output="),
)


def _not_plain(value: object) -> str:
    """What it is, and what the author can write instead."""
    if isinstance(value, Handle):
        return f"is the {type(value).__name__} itself, not its output: return ctx[task]"
    if hasattr(value, "tolist"):
        return f"is {_a(value)}, which is not plain JSON: return its .tolist(), or write output="
    advice = next(advice for kinds, advice in _ADVICE if isinstance(value, kinds))
    return f"is {_a(value)}, {advice}"


def check_same(given: object, read: object) -> None:
    """Raises `Changed` unless `read`, which its text gave, has the same classes and values."""
    if type(given) is not type(read):
        raise Changed(_read_as(_a(given), _a(read)))
    (parts, values), (read_parts, read_values) = _inside(given), _inside(read)
    if not values and not read_values:
        if not _is_same(given, read):
            raise Changed(_read_as(_short(given), _short(read)))
        return
    if not _are_same_leaves(parts, read_parts):
        _check_parts(parts, read_parts)
    if _are_same_leaves(values, read_values):
        return
    number = 0
    try:
        for number, value in enumerate(values):
            check_same(value, read_values[number])
    except Changed as error:
        error.at = _at(given, parts[number]) + error.at
        raise


def _are_same_leaves(given: Sequence[object], read: Sequence[object]) -> bool:
    """Whether they are equal, and hold nothing but texts and numbers. The quick way for most."""
    kinds = list(map(type, given))
    return _LEAVES.issuperset(kinds) and kinds == list(map(type, read)) and given == read


def _check_parts(given: Sequence[object], read: Sequence[object]) -> None:
    """Its keys, or its length."""
    for part, again in zip_longest(given, read, fillvalue=_MISSING):
        if type(part) is not type(again) or not _is_same(part, again):
            raise Changed(f"has the key {_short(part)}, which {_READ} {_short(again)}")


_READ = "would be read back as"
_MISSING = "nothing"


def _read_as(this: str, that: str) -> str:
    sort = ", or return sorted(...)" if this.endswith("set") else ""
    return f"is {this}, and {_READ} {that}: declare its type with output={sort}"


def _is_same(given: object, read: object) -> bool:
    """Whether two objects of one class are equal, as far as their class can say."""
    try:
        if given == read:
            return True
        if given != given:  # NaN
            return read != read
    except Exception:  # as of arrays, whose comparison is another array
        return True
    return type(given).__eq__ is object.__eq__


def not_finite(value: object) -> NotExact | None:
    """The first number in a value that JSON does not know."""
    if isinstance(value, float | Decimal):
        finite = math.isfinite(value)
        return None if finite else NotExact(f"is {value}, which JSON does not have")
    for part, below in zip(*_inside(value, sets=True), strict=True):
        if (found := not_finite(below)) is not None:
            found.at = _at(value, part) + found.at
            return found
    return None


_BYTES = (
    "is bytes that are not UTF-8: put ser_json_bytes='base64' and val_json_bytes='base64' into the"
    " model's config"
)


def unkept(value: object, error: Exception) -> NotExact:
    """Which part of a value cannot be written as JSON."""
    at, around = "", [value]
    while (found := _unwritable(value)) is not None:
        at, value = at + _at(value, found[0]), found[1]
        if any(value is one for one in around):
            return NotExact("contains itself", at)
        around.append(value)
    if isinstance(value, bytes):
        return NotExact(_BYTES, at)
    if isinstance(error, RecursionError):
        return NotExact("is nested too deeply", at)
    return NotExact(f"cannot be written as JSON: {str(error).splitlines()[0]}", at)


def _unwritable(value: object) -> tuple[object, object] | None:
    """The first thing in it that cannot be written, and where."""
    for part, below in zip(*_inside(value, sets=True), strict=True):
        try:
            to_json(below)
        except (ValueError, RecursionError):
            return part, below
    return None


def has_set(value: object) -> bool:
    """Whether there is a set anywhere in it: its order differs from process to process."""
    if isinstance(value, set | frozenset):
        return True
    return any(map(has_set, _inside(value)[1]))


def _inside(value: object, *, sets: bool = False) -> tuple[Sequence[object], Sequence[object]]:
    """The fields, keys or numbers of what a container holds, and that; nothing for other values."""
    kind = type(value)
    if kind in _LEAVES:
        return (), ()
    if kind is dict or isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value)
        return list(items), list(items.values())
    if isinstance(value, list | tuple | deque) or (sets and isinstance(value, set | frozenset)):
        found = list(cast("list[object]", value))
        return range(len(found)), found
    if isinstance(value, BaseModel):
        names = [*type(value).model_fields, *(value.__pydantic_extra__ or ())]
        return names, [getattr(value, name, _MISSING) for name in names]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return names, [getattr(value, name, _MISSING) for name in names]
    return (), ()


def _at(value: object, part: object) -> str:
    is_object = isinstance(value, BaseModel) or dataclasses.is_dataclass(value)
    return f".{part}" if is_object else f"[{part!r}]"


def _a(value: object) -> str:
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiouAEIOU" else f"a {name}"


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
