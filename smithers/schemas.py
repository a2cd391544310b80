"""What a JSON Schema of pydantic asks for, in words and in parts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeGuard, cast

from smithers.values import dataclass

__all__ = ["Field", "Schema", "example_of", "fields_of", "primitive_of", "type_words"]

Schema = Mapping[str, Any]
_KEPT = {
    "string": ("minLength", "maxLength"),
    "integer": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
    "boolean": (),
}
"""The types of primitives, and what is kept of the schema of each."""
_DEEPEST = 8
_TEXTS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00",
    "duration": "PT1H",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "email": "name@example.com",
    "uri": "https://example.com/",
}
"""An example of a text of each format."""
_FORMATS = ("date", "date-time", "email", "uri")


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of an object. `type` is in words; `default` is JSON text. `primitive` is what
    `primitive_of` gives, and `may_be_null` whether null is one of its values.
    """

    name: str
    type: str
    primitive: Schema | None
    may_be_null: bool
    is_required: bool
    default: str | None = None
    description: str = ""

    @property
    def line(self) -> str:
        """The field as a person reads it."""
        about = f": {self.description}" if self.description else ""
        default = "required" if self.is_required else f"default {self.default}"
        return f"{self.name} ({self.type}, {default}){about}"


def fields_of(schema: Schema) -> Iterator[Field]:
    """The fields of a schema; none if it is not one of an object."""
    found = _resolved(schema, schema)
    properties = cast("Mapping[str, Schema]", found.get("properties") or {})
    required = found.get("required", ())
    for name, part in properties.items():
        default = json.dumps(part["default"], ensure_ascii=False) if "default" in part else None
        about = part.get("description") or _resolved(part, schema).get("description") or ""
        yield Field(
            name=name,
            type=type_words(part, schema),
            primitive=primitive_of(part, schema),
            may_be_null=any(map(_is_null, _arms(part, schema))),
            is_required=name in required,
            default=default,
            description=about,
        )


def type_words(part: Schema, whole: Schema) -> str:
    """The type of a part of a schema, in words.

    >>> type_words({"type": "array", "items": {"type": "string"}}, {})
    'list of string'
    """
    part = _resolved(part, whole)
    if "const" in part:
        return json.dumps(part["const"], ensure_ascii=False)
    if "enum" in part:
        return _either(json.dumps(one, ensure_ascii=False) for one in part["enum"])
    if arms := part.get("anyOf") or part.get("oneOf"):
        return _either(type_words(one, whole) for one in arms)
    kind = part.get("type")
    if kind == "array":
        return f"list of {type_words(part['items'], whole)}" if part.get("items") else "list"
    if kind == "object":
        return str(part.get("title") or "object")
    if kind is None:
        return "any JSON"
    return str(part.get("format") or kind)


def primitive_of(part: Schema, whole: Schema) -> Schema | None:
    """A text, a number, a boolean, or one or several of given texts, as a schema that refers to
    nothing; None if the part is anything else. That it may be null is left out.

    >>> primitive_of({"anyOf": [{"type": "integer"}, {"type": "null"}], "default": 3}, {})
    {'type': 'integer', 'default': 3}
    """
    arms = [one for one in _arms(part, whole) if not _is_null(one)]
    shape = _shape(arms[0], whole) if len(arms) == 1 else None
    if shape is None:
        return None
    about = {"title", "description", "default"}
    described = {**arms[0], **_resolved(part, whole), **part}
    more = {name: described[name] for name in sorted(about & described.keys())}
    return {**shape, **{name: value for name, value in more.items() if value is not None}}


def _shape(part: Schema, whole: Schema) -> dict[str, Any] | None:
    """The same, of a part that cannot be null, without its words."""
    kind, texts = part.get("type"), part.get("enum")
    if "const" in part:
        texts = [part["const"]]
    if kind == "array":
        texts = _resolved(part.get("items") or {}, whole).get("enum")
        sizes = {name: part[name] for name in ("minItems", "maxItems") if name in part}
        items = {"type": "string", "enum": texts}
        return {"type": "array", "items": items, **sizes} if _are_texts(texts) else None
    if texts is not None:
        return {"type": "string", "enum": texts} if _are_texts(texts) else None
    if kind not in _KEPT:
        return None
    found = {"type": kind, **{name: part[name] for name in _KEPT[kind] if name in part}}
    return {**found, "format": part["format"]} if part.get("format") in _FORMATS else found


def example_of(  # noqa: C901  # one case a type
    part: Schema, whole: Schema, depth: int = 0
) -> object:
    """A small value of a schema, with the fields that are required.

    >>> example_of({"type": "array", "items": {"type": "integer"}, "minItems": 1}, {})
    [0]
    """
    part = _resolved(part, whole)
    for name in ("default", "const"):
        if name in part:
            return part[name]
    if part.get("enum"):
        return part["enum"][0]
    if depth > _DEEPEST:
        return None
    if arms := part.get("anyOf") or part.get("oneOf"):
        return example_of(arms[0], whole, depth + 1)
    match part.get("type"):
        case "object":
            required = part.get("required", ())
            fields = cast("Mapping[str, Schema]", part.get("properties") or {})
            return {name: example_of(fields[name], whole, depth + 1) for name in required}
        case "array":
            return [
                example_of(part.get("items") or {}, whole, depth + 1)
                for _ in range(part.get("minItems", 0))
            ]
        case "string":
            text = _TEXTS.get(str(part.get("format")), "text")
            return text.ljust(part.get("minLength", 0), "x")[: part.get("maxLength")]
        case "integer" | "number":
            return _number(part)
        case "boolean":
            return False
        case _:
            return None


def _number(part: Schema) -> float:
    if "exclusiveMinimum" in part:
        return cast("float", part["exclusiveMinimum"] + 1)
    if "minimum" in part:
        return cast("float", part["minimum"])
    most = part.get("maximum", part.get("exclusiveMaximum", 1) - 1)
    return cast("float", min(0, most))


def _resolved(part: Schema, whole: Schema) -> Schema:
    """A part of a schema, or what it refers to."""
    seen: set[str] = set()
    while isinstance(reference := part.get("$ref"), str) and reference not in seen:
        seen.add(reference)
        found: Any = whole
        for word in reference.removeprefix("#/").split("/"):
            found = found.get(word.replace("~1", "/").replace("~0", "~"), {})
        part = found
    return part


def _arms(part: Schema, whole: Schema) -> list[Schema]:
    """What a part may be: one schema, or those of a union."""
    part = _resolved(part, whole)
    return [_resolved(one, whole) for one in part.get("anyOf") or [part]]


def _is_null(part: Schema) -> bool:
    return part.get("type") == "null"


def _are_texts(given: object) -> TypeGuard[list[str]]:
    return isinstance(given, list) and all(
        isinstance(one, str) for one in cast("list[object]", given)
    )


def _either(words: Iterable[str]) -> str:
    return " or ".join(dict.fromkeys(words))
