"""The input of a run that another run starts: one of the model that its workflow takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from pydantic import BaseModel

from smithers.errors import AuthorError
from smithers.tree import Computed, Node, output_of, shown

__all__ = ["as_input"]


def as_input(given: Computed[Any], model: type[BaseModel]) -> Computed[Any]:
    """A callable that gives an input, of which a value of another class is refused: its fields
    would be left out, and the run would start with defaults.
    """
    taken = cast("tuple[type, ...]", (model, Node))  # a node has words of its own

    def call() -> object:
        value: object = given.call()
        if isinstance(value, taken):
            return value
        raise AuthorError(
            f"{given.what} must be a {model.__name__}, not {shown(value)}",
            place=given.mark.place,
            hint=f"return {model.__name__}(...), which is what the workflow takes",
        )

    return replace(given, call=call, output=output_of(model))
