"""What a task gives: validated by us, kept as JSON text, and read back as a fresh object."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel, PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_jsonable_python

from smithers.errors import AuthorError
from smithers.tree._exact import NotExact, class_named, name_of_class, not_finite, not_plain
from smithers.tree._texts import clean, valid_text

__all__ = ["Output", "output_of", "problem"]

T = TypeVar("T")


def problem(error: ValidationError) -> str:
    """Each field that does not fit, and why, one a line."""
    lines: list[str] = []
    for item in error.errors(include_url=False, include_input=True):
        where = ".".join(str(part) for part in item["loc"]) or "the value"
        given = repr(cast("object", item.get("input")))
        shown = given if len(given) <= 80 else given[:77] + "..."
        lines.append(f"{where}: {item['msg']} (got {shown})")
    return "\n".join(lines)


class Output(Generic[T]):
    """The type of a task's output. `model` names it where it is a model, and makes a view of it."""

    def __init__(self, kind: type[T]) -> None:
        self.kind = kind
        try:
            self._adapter: TypeAdapter[T] = TypeAdapter(kind)
            self.schema: Mapping[str, object] = self._adapter.json_schema()
        except PydanticUserError as error:
            raise AuthorError(
                f"{kind!r} cannot be an output: {error.message}",
                hint="use a pydantic model, a dataclass or plain JSON types",
            ) from error
        is_model = isinstance(cast("object", kind), type) and issubclass(kind, BaseModel)
        self.model: str | None = kind.__name__ if is_model else None
        self.is_text = kind is str
        self._proven = False
        self._is_any = cast("object", kind) is Any

    def parse(self, text: str) -> T:
        """The value of stored JSON text, a new object each time. Raises `ValidationError`."""
        return self._adapter.validate_json(text)

    def parse_as(self, text: str, name: str | None) -> T:
        """The value of stored JSON text, of the class that was kept with it, if one was.

        Raises `ValidationError`, or `NotExact` if the workflow has no such class any more.
        """
        if name is None or not self._is_any:
            return self.parse(text)
        if (kind := class_named(name)) is None:
            raise NotExact(f"the workflow has no class {name} any more: write output= on the step")
        return cast("T", output_of(kind).parse(text))

    def dump_typed(self, value: object) -> tuple[str, str | None]:
        """`value` as JSON text, and the class to read it back as if none was declared.

        Raises `ValidationError`, or `NotExact` for a value that would not be read back as it is.
        """
        name = name_of_class(value) if self._is_any else None
        if name is None:
            return self.dump(value), None
        return output_of(class_named(name)).dump(value), name

    def dump(self, value: object) -> str:
        """`value` as JSON text, validated. Raises `ValidationError`, or `NotExact` for a value that
        would not be read back as it is.
        """
        given = value
        if self.is_text and isinstance(value, str):
            return json.dumps(valid_text(value), ensure_ascii=False)
        if self._is_any and (wrong := not_plain(value)) is not None:
            raise NotExact(wrong)
        try:
            return self._dump(self._adapter.validate_python(value))
        except (PydanticSerializationError, UnicodeEncodeError, ValidationError) as error:
            repaired = clean(_jsonable(given, error))
            return self._dump(self._adapter.validate_python(repaired))

    def _dump(self, value: T) -> str:
        text = self._adapter.dump_json(value, by_alias=True, round_trip=True).decode()
        if "null" in text and (wrong := next(not_finite(value), None)) is not None:
            raise NotExact(f"{wrong}, which JSON does not have")
        # Readers get it from its text: nothing is kept that cannot be read.
        if not self._proven or (not self._is_any and "null" in text):
            self._adapter.validate_json(text)
            self._proven = True
        return text


def _jsonable(value: object, error: Exception) -> object:
    """`value` as plain data, if only its texts were at fault; else the error as it was."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="python")
    if isinstance(value, list | dict | str):
        return cast("object", value)
    if isinstance(error, ValidationError):
        raise error
    return to_jsonable_python(value)


@lru_cache(maxsize=1024)
def _cached(kind: Any) -> Output[Any]:
    return Output(kind)


def output_of(kind: type[T]) -> Output[T]:
    """The `Output` of a type; made once, since building a validator costs milliseconds."""
    try:
        return cast("Output[T]", _cached(cast("Any", kind)))
    except TypeError:  # an unhashable annotation
        return Output(kind)
