"""What a task gives: validated by us, kept as JSON text, and read back as a fresh object."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from pydantic import BaseModel, PydanticUserError, ValidationError
from pydantic_core import (
    CoreSchema,
    PydanticSerializationError,
    SchemaSerializer,
    SchemaValidator,
    to_jsonable_python,
)

from smithers.errors import AuthorError
from smithers.tree._classes import class_named, is_structured, name_of_class
from smithers.tree._exact import NotExact, check_plain, check_same, not_finite, unkept
from smithers.tree._handles import Handle
from smithers.tree._texts import clean, valid_text

if TYPE_CHECKING:
    from pydantic import TypeAdapter

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


class _Plain:
    """What a `TypeAdapter` is to the types that most tasks have. To make the first of those,
    pydantic imports more, and looks for its plugins in all that is installed.
    """

    def __init__(self, core: CoreSchema, schema: Mapping[str, object]) -> None:
        self.validator, self.serializer = SchemaValidator(core), SchemaSerializer(core)
        self._schema = schema

    def json_schema(self) -> Mapping[str, object]:
        return self._schema


def _adapter_of(kind: type[T]) -> _Plain | TypeAdapter[Any]:
    if kind is str:
        return _Plain({"type": "str"}, {"type": "string"})
    if _is_any(kind):
        return _Plain({"type": "any"}, {})
    from pydantic import TypeAdapter

    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    return adapter


def _is_any(kind: object) -> bool:
    return any(kind is one for one in (Any, object))


class Output(Handle, Generic[T]):
    """The type of a task's output. `model` names it where it is a model, and makes a view of it."""

    def __init__(self, kind: type[T]) -> None:
        self.kind = kind
        try:
            self._adapter = _adapter_of(kind)
            self.schema: Mapping[str, object] = self._adapter.json_schema()
        except PydanticUserError as error:
            raise AuthorError(
                f"{kind!r} cannot be used as output=: {error.message}",
                hint="use a pydantic model, a dataclass or plain JSON types",
            ) from error
        self.model: str | None = kind.__name__ if _is_model(kind) else None
        self.is_text = kind is str
        self.is_any = _is_any(kind)

    @cached_property
    def digest(self) -> str | None:
        """A digest of its JSON Schema (sha256 in hex); None for text, and where all is allowed."""
        if self.is_text or self.is_any:
            return None
        return sha256(json.dumps(self.schema, sort_keys=True).encode()).hexdigest()

    def parse(self, text: str) -> T:
        """The value of stored JSON text, a new object each time. Raises `ValidationError`."""
        return self._adapter.validator.validate_json(text)  # type: ignore[no-any-return]

    def parse_as(self, text: str, name: str | None) -> T:
        """The value of stored JSON text, of the class that was kept with it, if one was.

        Raises `ValidationError`, or `NotExact` if no loaded module has such a class.
        """
        if name is None:
            return self._adapter.validator.validate_json(text)  # type: ignore[no-any-return]
        kind = class_named(name)
        if kind is None and self.is_any:
            raise NotExact(
                f"has the class {name}, which cannot be found: import it at the top of the"
                " workflow's file, or write output= on the step"
            )
        if not self.is_any and not self._is_base_of(kind):
            return self.parse(text)
        return cast("T", output_of(cast("Any", kind)).parse(text))

    def narrowed(self, name: str | None) -> Output[Any]:
        """The output of a class that was kept with a text, if it is one of these; else this one."""
        kind = None if name is None else class_named(name)
        if kind is None or not (self.is_any or self._is_base_of(kind)):
            return self
        return output_of(kind)

    def dump_typed(self, value: object) -> tuple[str, str | None]:
        """`value` as JSON text, and the class to read it back as, if none was declared or a base.

        Raises `ValidationError`, or `NotExact` for a value that would not be read back as it is.
        """
        name = None
        if self.is_any or self._is_base_of(type(value)):
            name = name_of_class(value)
        if name is None:
            return self.dump(value), None
        return output_of(class_named(name)).dump(value), name

    def _is_base_of(self, kind: object) -> bool:
        """Whether a model or dataclass is declared, and this is a class below it."""
        return (
            kind is not self.kind
            and is_structured(self.kind)
            and is_structured(kind)
            and issubclass(cast("type", kind), self.kind)
        )

    def dump(self, value: object) -> str:
        """`value` as JSON text, validated. Raises `ValidationError`, or `NotExact` for a value that
        would not be read back as it is.
        """
        if self.is_text and isinstance(value, str):
            return json.dumps(valid_text(value), ensure_ascii=False)
        if self.is_any:
            check_plain(value)
        try:
            return self._validated(value)
        except (ValidationError, NotExact):
            raise
        except (ValueError, RecursionError) as error:
            raise unkept(value, error) from error

    def _validated(self, value: object) -> str:
        try:
            return self._dump(self._adapter.validator.validate_python(value))
        except (PydanticSerializationError, UnicodeEncodeError, ValidationError) as error:
            plain = _jsonable(value, error)
            repaired = clean(plain)
            if isinstance(error, ValidationError) and repaired == plain:
                raise  # no text was at fault, but perhaps the class, which `plain` has lost
            return self._dump(self._adapter.validator.validate_python(repaired))

    def _dump(self, value: T) -> str:
        """The text of a valid value; readers get theirs from it, so it is read once here."""
        text = self._adapter.serializer.to_json(
            value, by_alias=True, round_trip=True, warnings=False
        ).decode()
        if self.is_any:
            return text
        try:
            check_same(value, self._adapter.validator.validate_json(text))
            if "NaN" in text or "Infinity" in text:
                json.loads(text, parse_constant=_refuse)
        except ValueError:
            if (found := not_finite(value)) is not None:
                raise found from None
            raise
        return text


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _jsonable(value: object, error: Exception) -> object:
    """`value` as plain data, if only its texts were at fault; else the error as it was."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="python")
    if isinstance(value, list | dict | str):
        return cast("object", value)
    if isinstance(error, ValidationError):
        raise error
    return to_jsonable_python(value)


_cached: Callable[[Any], Output[Any]] = lru_cache(maxsize=1024)(Output)


def output_of(kind: type[T]) -> Output[T]:
    """The `Output` of a type; made once, since building a validator costs milliseconds."""
    try:
        return _cached(kind)
    except TypeError:  # an unhashable annotation
        return Output(kind)
