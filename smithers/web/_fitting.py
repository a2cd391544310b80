"""What a caller gives as the model of a route, or what does not fit, in our words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from smithers.texts import near_name
from smithers.web._problems import ProblemError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["fit"]

M = TypeVar("M", bound=BaseModel)
_MOST_SHOWN, _MOST_ERRORS = 80, 20
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "string_type": "must be a string",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "too_long": "must have at most {max_length} items",
    "too_short": "must have at least {min_length} items",
}
"""What does not fit, by the type of pydantic's error. Any other has pydantic's words."""
_SIZED = ("missing", "extra_forbidden", "string_too_long", "too_long")
"""Errors beside which what was given is not shown."""
_BOUNDS = ("greater_than_equal", "greater_than", "less_than_equal", "less_than")
"""Errors of a number, which may be in a query as a text."""


def fit(model: type[M], given: object, *, kind: str = "WrongBody", hint: str = "") -> M:
    """What was given, as the model. Raises `ProblemError`, with each field that does not fit."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False)[:_MOST_ERRORS]
    errors = [{"field": _field(one), "message": _words(one)} for one in found]
    first = errors[0]
    said = f"{first['field']} {first['message']}".strip()
    if found[0]["type"] == "extra_forbidden":
        hint = _nearest(str(found[0]["loc"][-1]), list(model.model_fields))
    raise ProblemError(422, said, kind=kind, hint=hint, errors=errors)


def _field(error: ErrorDetails) -> str:
    return _shown(".".join(map(str, error["loc"])))


def _words(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    template = _WORDS.get(kind)
    if template is None:
        return f"does not fit: {error['msg']}"
    said, given = template.format(**context), error["input"]
    if kind in _SIZED:
        return said
    return f"{said}, not {_shown(str(given) if kind in _BOUNDS else repr(given))}"


def _shown(shown: str) -> str:
    return shown if len(shown) <= _MOST_SHOWN else f"{shown[: _MOST_SHOWN - 3]}..."


def _nearest(given: str, known: Sequence[str]) -> str:
    """A hint for a name that there is not."""
    near = near_name(given, known)
    if near is not None:
        return f"did you mean {near!r}?"
    return f"use {', '.join(known)}" if known else "leave it out"
