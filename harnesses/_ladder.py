"""A structured answer out of a text, for programs that cannot be held to a schema.

The schema is asked for in words. What is meant in the answer is looked for step by step: the whole
text, its last fenced block, the last object or list that stands whole in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import cast

__all__ = ["asked_for", "candidates", "meant", "rungs"]

_FENCE = re.compile(r"```[\w+-]*+[ \t]*+\r?+\n?+(.*?)```", re.DOTALL)
_OPENS = re.compile(r'\{\s*["}]|\[')
_LOOKS, _LOOKED_AT = 5000, 200_000
"""How often, and in how much of the end of a text, a beginning is looked for."""
_TOO_DEEP = 1000
"""How far is gone on where something is nested deeper than any answer."""
_NEST = re.compile(rf"[\[{{]{{{_TOO_DEEP}}}")
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


def asked_for(schema: Mapping[str, object]) -> str:
    """The words that ask for an answer by `schema`; they follow the prompt."""
    told = json.dumps(schema, ensure_ascii=False)
    return (
        "\n\nWhen you are done, let your last message be JSON alone, with no other words,"
        f" which fits this JSON Schema:\n{told}"
    )


def meant(text: str, schema: Mapping[str, object]) -> object:
    r"""The likeliest answer in a text: the first of the kind that the schema has at its root.

    Where none is of that kind it is the first at all, so that a repair can be told what is wrong;
    None where the text holds no JSON.

    >>> meant('Not {"n": 1}. ```json\n{"n": 2}\n``` It is done [1].', {"type": "object"})
    {'n': 2}
    """
    found, kind = list(candidates(text)), _kind(schema)
    fitting = (one for one in found if isinstance(one, kind))
    return next(fitting, found[0] if found else None)


def rungs(text: str, schema: Mapping[str, object]) -> Iterator[object]:
    """What an answer may be: the whole, the last fenced block, the last of its kind in the text.

    An earlier one is an example, or was taken back, even where it alone fits.
    """
    yield from _pieces(text)
    within = _within(text[-_LOOKED_AT:])
    yield from [one for one in within if isinstance(one, _kind(schema))][:1]


def _kind(schema: Mapping[str, object]) -> type | tuple[type, ...]:
    return _KINDS.get(str(_root(schema).get("type")), object)


def _root(schema: Mapping[str, object]) -> Mapping[str, object]:
    """The schema at the root, or what it refers to among its own definitions."""
    name = str(schema.get("$ref", "")).rpartition("#/$defs/")[2]
    named = cast("Mapping[str, Mapping[str, object]]", schema.get("$defs") or {})
    return named.get(name, schema) if name else schema


def candidates(text: str) -> Iterator[object]:
    """What may be meant, likeliest first."""
    yield from _pieces(text)
    yield from _within(text[-_LOOKED_AT:])


def _pieces(text: str) -> Iterator[object]:
    for piece in (text, *_FENCE.findall(text)[-1:]):
        try:
            yield cast("object", json.loads(piece))
        except (ValueError, RecursionError):
            continue


def _within(text: str) -> list[object]:
    """Objects, then lists, that stand whole in the text, the last of each first."""
    decoder, position = json.JSONDecoder(), 0
    found: list[object] = []
    for _ in range(_LOOKS):
        if (start := _OPENS.search(text, position)) is None:
            break
        try:
            value, position = decoder.raw_decode(text, start.start())
            found.append(value)
        except ValueError:  # newer Pythons read to the end of it
            position = start.start() + (_TOO_DEEP if _NEST.match(text, start.start()) else 1)
        except RecursionError:
            position = start.start() + _TOO_DEEP
    return sorted(reversed(found), key=lambda one: isinstance(one, list))
