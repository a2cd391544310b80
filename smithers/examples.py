"""Values that fit a JSON Schema, made without chance: the same schema gives the same value."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, cast

from smithers.schemas import Schema, resolved

__all__ = ["example_of", "made_of"]

_DEEPEST = 8
_FEW = 2
"""How many items a list has, if its schema allows them: enough to see a fan-out."""
_MUCH = 100
"""What the high value of a number without a maximum is above the low one."""
_LONGEST = 1000
_TEXTS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00",
    "duration": "PT1H",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "email": "name@example.com",
    "uri": "https://example.com/",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
}
"""An example of a text of each format."""


def example_of(part: Schema, whole: Schema, *, few: int = 0) -> object:
    """A small value of a schema, with the fields that are required, and `few` items in each list.

    >>> example_of({"type": "array", "items": {"type": "integer"}, "minItems": 1}, {})
    [0]
    """
    return _Maker(whole, few=few).make(part)


def made_of(schema: Schema, number: int = 0, *, is_flat: bool = False) -> object:
    """A value of a schema as an agent could have given it; lists have items, with `is_flat` only
    those that are in no other list. The next `number` gives other booleans, numbers, choices and
    lengths, so that what waits for a change sees one.

    >>> verdict = {"type": "object", "required": ["ok"], "properties": {"ok": {"type": "boolean"}}}
    >>> [made_of(verdict, number) for number in (0, 1, 2)]
    [{'ok': False}, {'ok': True}, {'ok': False}]
    """
    return _Maker(schema, few=_FEW, number=number, is_flat=is_flat).make(schema)


class _Maker:
    """Makes a value. `number` says which of the values that fit, and `few` how long lists are."""

    def __init__(self, whole: Schema, *, few: int, number: int = 0, is_flat: bool = False) -> None:
        self._whole, self._few, self._number = whole, few, number
        self._is_high = number % 2 == 1
        self._is_flat, self._lists = is_flat, 0
        """The second is how many lists are around what is made."""

    def make(self, part: Schema, depth: int = 0, item: int = 0) -> object:
        """A value of a part of the schema; `item` is its place in a list."""
        part = resolved(part, self._whole)
        if "default" in part and not self._is_high:
            return part["default"]
        if "const" in part:
            return part["const"]
        if choices := part.get("enum"):
            return choices[(self._number + item) % len(choices)]
        if depth > _DEEPEST:
            return None
        if arms := part.get("anyOf") or part.get("oneOf"):
            return self.make(self._arm(arms), depth + 1, item)
        for one in cast("Sequence[Schema]", part.get("allOf") or ()):
            part = {**part, **resolved(one, self._whole)}
        return self._of_type(part, depth, item)

    def _arm(self, arms: Sequence[Schema]) -> Schema:
        """One of the schemas of a union: another each time, if they can be told apart."""
        found = [resolved(one, self._whole) for one in arms]
        kinds = [one.get("type") for one in found]
        is_told_apart = all(kind in ("object", "null") for kind in kinds)
        return found[self._number % len(found) if is_told_apart else 0]

    def _of_type(self, part: Schema, depth: int, item: int) -> object:
        match part.get("type"):
            case "object":
                return self._object(part, depth, item)
            case "array":
                return self._array(part, depth)
            case "string":
                return _text(part, item)
            case "integer" | "number":
                return _number(part, is_high=self._is_high, item=item)
            case "boolean":
                return self._is_high
            case _:
                return None

    def _object(self, part: Schema, depth: int, item: int) -> dict[str, object]:
        fields = cast("Mapping[str, Schema]", part.get("properties") or {})
        required = part.get("required", ())
        # A constant may say which of a union the object is.
        names = [name for name, one in fields.items() if name in required or "const" in one]
        names += [name for name in required if name not in fields]
        if self._is_high and depth < _DEEPEST // 2:  # what has a default takes another value too
            names = [name for name, one in fields.items() if name in names or self._is_plain(one)]
        found = {name: self.make(fields.get(name, {}), depth + 1, item) for name in names}
        more = part.get("additionalProperties")
        if not fields and isinstance(more, dict):
            few = max(part.get("minProperties", 0), min(self._few, 1))
            value = self.make(cast("Schema", more), depth + 1, item)
            found |= {f"key {number}": value for number in range(1, few + 1)}
        return found

    def _is_plain(self, part: Schema) -> bool:
        found = resolved(part, self._whole)
        return "enum" in found or found.get("type") in ("boolean", "integer", "number")

    def _array(self, part: Schema, depth: int) -> list[object]:
        least = part.get("minItems", 0)
        most = part.get("maxItems", max(least, self._few))
        few = 0 if self._is_flat and self._lists else self._few
        length = max(least, min(few - self._number % (few + 1), most))
        self._lists += 1
        found = [self.make(one, depth + 1) for one in part.get("prefixItems", ())]
        items = part.get("items")
        if items is not False and (items or not found):
            schema = cast("Schema", items or {})
            found += [self.make(schema, depth + 1, item) for item in range(len(found), length)]
        self._lists -= 1
        return found


def _number(part: Schema, *, is_high: bool, item: int) -> float:
    """The lowest number that fits (0 if negative ones do), or the highest; further `item`s of a
    list are higher, if they may be.
    """
    is_whole = part["type"] == "integer"
    least, most = _bounds(part, is_whole=is_whole)
    low = least if least > -math.inf else min(0, most)
    high = most if most < math.inf else low + _MUCH
    found = high if is_high else min(low + item, high)
    if step := part.get("multipleOf"):
        found = math.ceil(found / step) * step
        found = found if found <= most else math.floor(most / step) * step
    return int(found) if is_whole else found


def _bounds(part: Schema, *, is_whole: bool) -> tuple[float, float]:
    """The least and the greatest number that fits."""
    over, under = part.get("exclusiveMinimum", -math.inf), part.get("exclusiveMaximum", math.inf)
    gap = 1 if is_whole else min(0.5, (under - over) / 2)
    least, most = part.get("minimum", -math.inf), part.get("maximum", math.inf)
    return max(least, over + gap), min(most, under - gap)


def _text(part: Schema, item: int) -> str:
    if (known := _TEXTS.get(str(part.get("format")))) is not None:
        return known
    least, most = part.get("minLength", 0), part.get("maxLength", _LONGEST)
    if pattern := part.get("pattern"):
        found = _matching(pattern, least)
        if found is not None and least <= len(found) <= most:
            return found
    text = "text" if not item else f"text {item + 1}"
    if len(text) > most:
        text = str(item)[-most:] if item and most else text[:most]
    return text.ljust(least, "x")


def _matching(pattern: str, least: int) -> str | None:
    """A short text that a pattern matches; None if none was found."""
    try:
        expression = re.compile(pattern)
    except re.error:
        return None
    parser: Any = import_module("re._parser")  # there is no public one
    for repeats in (0, 1, least):
        found = "".join(_piece(part, repeats) for part in parser.parse(pattern))
        if len(found) >= least and expression.search(found):
            return found
    return None


def _piece(part: Any, repeats: int) -> str:
    """A text for one part of a parsed pattern; `repeats` of what may be repeated at will."""
    name, given = str(part[0]), part[1]
    match name:
        case "LITERAL":
            return chr(given)
        case "NOT_LITERAL":
            return "b" if given == ord("a") else "a"
        case "ANY":
            return "a"
        case "IN":
            return _one_of(given)
        case "BRANCH":
            return "".join(_piece(each, repeats) for each in given[1][0])
        case "SUBPATTERN":
            return "".join(_piece(each, repeats) for each in given[3])
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            low, high, inner = given
            text = "".join(_piece(each, repeats) for each in inner)
            return text * min(max(int(low), repeats), int(high), _LONGEST)
        case _:
            return ""


_CATEGORIES = {"CATEGORY_DIGIT": "0", "CATEGORY_WORD": "a", "CATEGORY_SPACE": " "}


def _one_of(parts: Any) -> str:
    """A character of a set."""
    kinds = [str(part[0]) for part in parts]
    if kinds[0] == "NEGATE":
        inside = re.compile("[" + "".join(_source(part) for part in parts[1:]) + "]")
        return next((one for one in "aA0 -_" if not inside.match(one)), "~")
    name, given = kinds[0], parts[0][1]
    if name == "RANGE":
        return chr(given[0])
    return _CATEGORIES.get(str(given), "-") if name == "CATEGORY" else chr(given)


_CLASSES = {
    **{"CATEGORY_DIGIT": r"\d", "CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_SPACE": r"\s"},
    **{"CATEGORY_NOT_SPACE": r"\S", "CATEGORY_WORD": r"\w", "CATEGORY_NOT_WORD": r"\W"},
}


def _source(part: Any) -> str:
    """A part of a set, as it is written."""
    match str(part[0]):
        case "RANGE":
            return f"{re.escape(chr(part[1][0]))}-{re.escape(chr(part[1][1]))}"
        case "CATEGORY":
            return _CLASSES.get(str(part[1]), "")
        case _:
            return re.escape(chr(part[1]))
