"""A structured answer: where it is looked for in what a program gave, and whether it fits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Literal, cast

from harnesses._json import object_of
from harnesses._ladder import rungs
from smithers.agent import Answered
from smithers.errors import BadOutput

__all__ = ["BadSchema", "Place", "Shape"]

Place = Literal["data", "text", "anywhere"]
"""Given apart from the text; the whole text; or within the text, where nothing else was asked."""

_SAID_LIMIT = 500


class BadSchema(ValueError):
    """What was given as a JSON Schema is none, or asks for something outside of itself."""


class Shape:
    """A JSON Schema that answers are held against. Raises `BadSchema` where it is none."""

    def __init__(self, schema: object) -> None:
        from jsonschema import Draft202012Validator, SchemaError, validators
        from referencing import Registry

        if not isinstance(schema, dict | bool):
            raise BadSchema("a JSON Schema must be an object, true or false")
        library: Any = validators  # its types are partly unknown to one of our checkers
        kind: Any = library.validator_for(schema, default=Draft202012Validator)
        try:
            kind.check_schema(schema)
        except (SchemaError, RecursionError) as error:
            raise BadSchema(str(getattr(error, "message", error))[:_SAID_LIMIT]) from error
        self._schema = object_of(cast("object", schema))
        # Of its own registry nothing is ever fetched.
        self._validator: Any = kind(schema, registry=Registry[Any]())

    def fitting(self, answer: Answered, place: Place) -> object:
        """The structured answer. Raises `BadOutput` where there is none, or none that fits."""
        problem = ""
        for candidate in _candidates(answer, place, self._schema):
            found = self._problem(candidate)
            if not found:
                return candidate
            problem = problem or found
        if problem:
            raise BadOutput(f"the answer does not match: {problem}", reason="structured_invalid")
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


def _candidates(answer: Answered, place: Place, schema: dict[str, Any]) -> Iterator[object]:
    """What may be meant, likeliest first."""
    if place == "data":
        if answer.data is not None:
            yield answer.data
        return
    if place == "anywhere":
        yield from rungs(answer.text, schema)
        return
    with suppress(ValueError, RecursionError):
        yield cast("object", json.loads(answer.text))
