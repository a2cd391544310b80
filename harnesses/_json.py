"""JSON from outside, where nothing is known of its shape: a wrong one reads as empty."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

__all__ = ["escaped", "line_of", "list_of", "number_of", "object_in", "object_of", "text_of"]

_TERMINAL = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-_]|[\x00-\x08\ufeff]"
)
"""What a program on a terminal writes around its lines, and what a file may begin with."""
_ENDS_LINES = re.compile(r"[\x7f-\x9f\u2028\u2029]")
_COUNT_LIMIT = 2**53
_DEEPEST = 200
"""What is nested deeper is no message, and whoever writes or shows it would run out of stack."""


def object_of(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def list_of(value: object) -> list[Any]:
    return list(cast("Iterable[Any]", value)) if isinstance(value, list) else []


def text_of(value: object) -> str:
    """A text as it is; empty for everything else, so that no number becomes one."""
    return value if isinstance(value, str) else ""


def number_of(value: object) -> int:
    """A count of something: zero where none is told, or nothing that can be one.

    >>> [number_of(each) for each in (12, 3.0, None, "7", -1, True, float("inf"), 10**400)]
    [12, 3, 0, 0, 0, 0, 0, 0]
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(value) if 0 <= value < _COUNT_LIMIT else 0


def line_of(message: Mapping[str, object]) -> bytes:
    """A message as a line, for a program or a file."""
    made = escaped(json.dumps(message, ensure_ascii=False))
    return made.encode("utf-8", "replace") + b"\n"


def escaped(json_made: str) -> str:
    """JSON that says the same without what ends a line for some readers, or steers a terminal."""
    return _ENDS_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", json_made)


def object_in(line: str | bytes) -> dict[str, Any]:
    """The object that a line holds; a line that is none is noise, and reads as empty, as does one
    that is nested more than 200 deep.

    Bytes that are no UTF-8 spoil their own characters alone. What a terminal adds around the line
    is passed over.
    """
    try:
        # Faster than to look for the encoding, and what these programs speak is UTF-8.
        text = line.decode("utf-8") if isinstance(line, bytes) else line
    except UnicodeDecodeError:
        text = cast("bytes", line).decode("utf-8", "replace")
    if not text.startswith("{"):
        text = _TERMINAL.sub("", text)
    try:
        return _bounded(text, json.loads(text))
    except ValueError:
        return _among_escapes(text)
    except RecursionError:
        return {}


def _among_escapes(text: str) -> dict[str, Any]:
    """The object of a line that ends in what a terminal is told."""
    if not text.startswith("{") or (clean := _TERMINAL.sub("", text)) == text:
        return {}
    try:
        return _bounded(clean, json.loads(clean))
    except (ValueError, RecursionError):
        return {}


def _bounded(text: str, value: object) -> dict[str, Any]:
    """The object, unless it is too deep, which few brackets cannot be."""
    if text.count("[") + text.count("{") <= _DEEPEST:
        return object_of(value)
    level, depth = [value], 0
    while level:
        if (depth := depth + 1) > _DEEPEST:
            return {}
        level = [inner for each in level for inner in _inside(each)]
    return object_of(value)


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values()
    return cast("list[object]", value) if isinstance(value, list) else ()
