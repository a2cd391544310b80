"""What a JSON Schema of pydantic asks for, in words and in parts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field as dataclass_field
from typing import Any, TypeGuard, cast

from smithers.values import dataclass

__all__ = ["Field", "Schema", "fields_of", "primitive_of", "resolved", "type_words"]

Schema = Mapping[str, Any]
_KEPT = {
    "string": ("minLength", "maxLength"),
    "integer": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
    "boolean": (),
}
"""The types of primitives, and what is kept of the schema of each."""
_FORMATS = ("date", "date-time", "email", "uri")


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of an object. `type` is in words; `default` is JSON text. `primitive` is what
    `primitive_of` gives, and `may_be_null` whether null is one of its values. `schema` is that of
    its value, which refers to nothing else.
    """

    name: str
    type: str
    primitive: Schema | None
    may_be_null: bool
    is_required: bool
    default: str | None = None
    description: str = ""
    schema: Schema = dataclass_field(default_factory=dict[str, Any])

    @property
    def line(self) -> str:
        """The field as a person reads it."""
        about = f": {self.description}" if self.description else ""
        default = "required" if self.is_required else f"default {self.default}"
        return f"{self.name} ({self.type}, {default}){about}"


def fields_of(schema: Schema) -> Iterator[Field]:
    """The fields of a schema; none if it is not one of an object."""
    found = resolved(schema, schema)
    properties = cast("Mapping[str, Schema]", found.get("properties") or {})
    required = found.get("required", ())
    for name, part in properties.items():
        default = json.dumps(part["default"], ensure_ascii=False) if "default" in part else None
        about = part.get("description") or resolved(part, schema).get("description") or ""
        yield Field(
            name=name,
            type=type_words(part, schema),
            primitive=primitive_of(part, schema),
            may_be_null=any(map(_is_null, _arms(part, schema))),
            is_required=name in required,
            default=default,
            description=about,
            schema={**resolved(part, schema), **_definitions(schema)},
        )


def _definitions(schema: Schema) -> Schema:
    """What the parts of a schema refer to."""
    return {name: schema[name] for name in ("$defs", "definitions") if name in schema}


def type_words(part: Schema, whole: Schema) -> str:
    """The type of a part of a schema, in words.

    >>> type_words({"type": "array", "items": {"type": "string"}}, {})
    'list of string'
    """
    part = resolved(part, whole)
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
    described = {**arms[0], **resolved(part, whole), **part}
    more = {name: described[name] for name in sorted(about & described.keys())}
    return {**shape, **{name: value for name, value in more.items() if value is not None}}


def _shape(part: Schema, whole: Schema) -> dict[str, Any] | None:
    """The same, of a part that cannot be null, without its words."""
    kind, texts = part.get("type"), part.get("enum")
    if "const" in part:
        texts = [part["const"]]
    if kind == "array":
        texts = resolved(part.get("items") or {}, whole).get("enum")
        sizes = {name: part[name] for name in ("minItems", "maxItems") if name in part}
        items = {"type": "string", "enum": texts}
        return {"type": "array", "items": items, **sizes} if _are_texts(texts) else None
    if texts is not None:
        return {"type": "string", "enum": texts} if _are_texts(texts) else None
    if kind not in _KEPT:
        return None
    found = {"type": kind, **{name: part[name] for name in _KEPT[kind] if name in part}}
    return {**found, "format": part["format"]} if part.get("format") in _FORMATS else found


def resolved(part: Schema, whole: Schema) -> Schema:
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
    part = resolved(part, whole)
    return [resolved(one, whole) for one in part.get("anyOf") or [part]]


def _is_null(part: Schema) -> bool:
    return part.get("type") == "null"


def _are_texts(given: object) -> TypeGuard[list[str]]:
    return isinstance(given, list) and all(
        isinstance(one, str) for one in cast("list[object]", given)
    )


def _either(words: Iterable[str]) -> str:
    return " or ".join(dict.fromkeys(words))
