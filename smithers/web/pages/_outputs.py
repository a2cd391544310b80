"""An output as a list of its fields, each a text or a list of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from smithers.texts import from_json, json_text
from smithers.web.pages._texts import Part, parts_of_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Field", "Output", "output_of"]

_MOST_CHARS, _MOST_FIELDS, _MOST_ITEMS, _DEPTH = 200_000, 200, 100, 3


class Field(NamedTuple):
    """A field of an output, or the whole of it, which has no name."""

    name: str
    parts: list[Part]
    items: tuple[str, ...] = ()


class Output(NamedTuple):
    """`left_out` is how many characters are not shown, of `length` in all."""

    fields: list[Field]
    length: int
    left_out: int
    is_text: bool


def output_of(text: str) -> Output:
    """An output, which is JSON text, as its fields.

    >>> [(one.name, one.items) for one in output_of('{"ok": true, "by": {"team": ["a", "b"]}}')[0]]
    [('ok', ()), ('by.team', ('a', 'b'))]
    """
    data: object = from_json(text)
    found = list[Field]()
    left, length, left_out = _MOST_CHARS, 0, 0
    for name, value in _fields("", data, _DEPTH):
        shown = value if isinstance(value, str) else json_text(value, indent=2)
        most = left if len(found) < _MOST_FIELDS else 0
        length += len(shown)
        left_out += max(0, len(shown) - most)
        if most:
            items = _items(value) if name and len(shown) <= most else ()
            found.append(Field(name, [] if items else parts_of_text(shown[:most]), items))
            left = max(0, left - len(shown))
    return Output(found, length, left_out, isinstance(data, str))


def _fields(name: str, value: object, depth: int) -> Iterator[tuple[str, object]]:
    if not depth or not isinstance(value, dict) or not value:
        yield name, value
        return
    for inner, one in cast("Mapping[str, object]", value).items():
        yield from _fields(f"{name}.{inner}" if name else inner, one, depth - 1)


def _items(value: object) -> tuple[str, ...]:
    """The values of a short list of texts and numbers."""
    if not isinstance(value, list) or not 0 < len(cast("list[object]", value)) <= _MOST_ITEMS:
        return ()
    items = cast("list[object]", value)
    if not all(isinstance(one, str | int | float) for one in items):
        return ()
    return tuple(one if isinstance(one, str) else json_text(one) for one in items)
