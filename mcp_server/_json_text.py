"""One entry of a JSON file is put in or taken out; every other byte stays as it was.

The text is cut and spliced, since writing the whole anew would lay out again what a person, or the
file's own program, has laid out otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

__all__ = ["dropped", "parsed", "put"]

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, kw_only=True)
class _Member:
    """Where a member of an object stands: from its key to the end of its value."""

    key: str
    start: int
    value: int
    end: int


def parsed(text: str) -> dict[str, Any]:
    """What the file says. Raises `ValueError` that tells where it is no JSON, or no object."""
    found: object = json.loads(text) if text.strip() else {}
    if not isinstance(found, dict):
        raise ValueError("its outermost value is not an object: line 1 column 1")
    return cast("dict[str, Any]", found)


def put(text: str, path: Sequence[str], fields: Mapping[str, object]) -> str:
    """The text in which the object at `path` has these fields; what lacks is made."""
    text = text if text.strip() else "{\n}\n"
    at = _after_space(text, 0)
    for depth, key in enumerate(path):
        found = _named(text, at, key)
        if found is None:
            value: object = dict(fields)
            for outer in reversed(path[depth + 1 :]):
                value = {outer: value}
            return _inserted(text, at, key, value)
        at = found.value
    for key, value in reversed(list(fields.items())):
        found = _named(text, at, key)
        if found is None:
            text = _inserted(text, at, key, value)
        else:
            text = text[: found.value] + _laid_out(text, value, found.start) + text[found.end :]
    return text


def dropped(text: str, path: Sequence[str]) -> str:
    """The text without the member at `path`, which is there."""
    at = _after_space(text, 0)
    for key in path[:-1]:
        found = _named(text, at, key)
        assert found is not None
        at = found.value
    members = _members(text, at)
    index = max(number for number, one in enumerate(members) if one.key == path[-1])
    if len(members) == 1:
        return text[: at + 1] + text[_after_space(text, members[0].end) :]
    if index == len(members) - 1:
        return text[: members[index - 1].end] + text[members[index].end :]
    return text[: members[index].start] + text[members[index + 1].start :]


def _inserted(text: str, at: int, key: str, value: object) -> str:
    """The object that begins at `at` with one more member, as its first: so no line of another
    entry changes, and none of it is shown in a diff.
    """
    members = _members(text, at)
    head, rest = text[: at + 1], text[at + 1 :]
    word = json.dumps(key, ensure_ascii=False)
    if members and "\n" not in text[at : members[0].start]:
        return f"{head}{word}: {json.dumps(value, ensure_ascii=False)}, {rest.lstrip()}"
    newline = _newline(text)
    unit, outer = _unit(text), _indentation(text, at)
    inner = _indentation(text, members[0].start) if members else outer + unit
    member = f"{newline}{inner}{word}: {_indented(value, unit, inner, newline)}"
    if members:
        return f"{head}{member},{rest}"
    return f"{head}{member}{newline}{outer}{rest.lstrip()}"


def _laid_out(text: str, value: object, at: int) -> str:
    """A value that takes the place of another, in lines of its own where the file has lines."""
    if "\n" not in text.strip():
        return json.dumps(value, ensure_ascii=False)
    return _indented(value, _unit(text), _indentation(text, at), _newline(text))


def _indented(value: object, unit: str, inner: str, newline: str) -> str:
    lines = json.dumps(value, ensure_ascii=False, indent=unit).split("\n")
    return f"{newline}{inner}".join(lines)


def _named(text: str, at: int, key: str) -> _Member | None:
    """The member of that name; of several the last, which is the one that counts."""
    return next((one for one in reversed(_members(text, at)) if one.key == key), None)


def _members(text: str, at: int) -> list[_Member]:
    """The members of the object that begins at `at`, in a text that is JSON."""
    found: list[_Member] = []
    at = _after_space(text, at + 1)
    while text[at] != "}":
        key, after = _DECODER.raw_decode(text, at)
        value = _after_space(text, _after_space(text, after) + 1)
        _, end = _DECODER.raw_decode(text, value)
        found.append(_Member(key=key, start=at, value=value, end=end))
        at = _after_space(text, end)
        if text[at] == ",":
            at = _after_space(text, at + 1)
    return found


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()


def _indentation(text: str, at: int) -> str:
    """With what the line of this place begins."""
    line = text[text.rfind("\n", 0, at) + 1 :]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str) -> str:
    """By how much the file indents a level."""
    members = _members(text, _after_space(text, 0))
    return (_indentation(text, members[0].start) if members else "") or "  "


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
