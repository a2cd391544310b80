"""A structured answer: where it is looked for in what a program gave, and whether it fits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Literal, cast

from harnesses._json import object_of
from smithers.agent import Answered
from smithers.errors import BadOutput

__all__ = ["BadSchema", "Place", "Shape"]

Place = Literal["data", "text", "anywhere"]
"""Given apart from the text; the whole text; or within the text, where nothing else was asked."""

_FENCE = re.compile(r"```[\w+-]*[ \t]*\r?\n?(.*?)```", re.DOTALL)
_OPENS = re.compile(r"[{\[]")
_LOOKS, _LOOKED_AT = 1000, 1_000_000
_SAID_LIMIT = 500


class BadSchema(ValueError):
    """What was given as a JSON Schema is none, or asks for something outside of itself."""


class Shape:
    """A JSON Schema that answers are held against. Raises `BadSchema` where it is none."""

    def __init__(self, schema: object) -> None:
        from jsonschema import Draft202012Validator, SchemaError, validators
        from referencing import Registry

        if not isinstance(schema, dict | bool):
            raise BadSchema("a JSON Schema is an object, or true or false")
        library: Any = validators  # its types are partly unknown to one of our checkers
        kind: Any = library.validator_for(schema, default=Draft202012Validator)
        try:
            kind.check_schema(schema)
        except (SchemaError, RecursionError) as error:
            raise BadSchema(str(getattr(error, "message", error))[:_SAID_LIMIT]) from error
        # Of its own registry nothing is ever fetched.
        self._validator: Any = kind(schema, registry=Registry[Any]())

    def fitting(self, answer: Answered, place: Place) -> object:
        """The structured answer. Raises `BadOutput` where there is none, or none that fits."""
        problem = ""
        for candidate in _candidates(answer, place):
            found = self._problem(candidate)
            if not found:
                return candidate
            problem = problem or found
        if problem:
            raise BadOutput(f"the answer does not fit: {problem}", reason="structured_invalid")
        raise BadOutput("the answer has no structured part", reason="structured_missing")

    def _problem(self, candidate: object) -> str:
        from jsonschema import exceptions
        from referencing.exceptions import Unresolvable

        library: Any = exceptions
        try:
            error: Any = library.best_match(self._validator.iter_errors(candidate))
        except (Unresolvable, re.error, RecursionError) as refused:
            raise BadSchema(f"the schema cannot be applied: {refused}"[:_SAID_LIMIT]) from refused
        if error is None:
            return ""
        return f"{error.json_path}: {error.message}"[:_SAID_LIMIT]


def _candidates(answer: Answered, place: Place) -> Iterator[object]:
    """What may be meant, likeliest first."""
    if place == "data":
        if answer.data is not None:
            yield answer.data
        return
    texts = [answer.text]
    if place == "anywhere":
        texts += _FENCE.findall(answer.text)[-1:]
    for text in texts:
        try:
            yield cast("object", json.loads(text))
        except (ValueError, RecursionError):
            continue
    if place == "anywhere":
        yield from _within(answer.text[-_LOOKED_AT:])


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
        except (ValueError, RecursionError):
            position = start.end()
    return sorted(reversed(found), key=lambda one: not object_of(one) and one != {})
