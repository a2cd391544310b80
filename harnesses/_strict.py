"""JSON Schemas as providers want them that generate by schema: closed, and all of it required."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harnesses._json import list_of, object_of

__all__ = ["strict"]

_DROPPED = ("default", "title", "examples", "discriminator")


def strict(schema: Mapping[str, object]) -> dict[str, Any] | None:
    """The strict form of a schema, or None where it has none: mappings, no object at its root.

    >>> strict({"type": "object", "properties": {"n": {"type": "integer", "default": 3}}})
    {'type': 'object', 'properties': {'n': {'type': 'integer'}}, 'required': ['n'], \
'additionalProperties': False}
    >>> strict({"type": "object", "additionalProperties": {"type": "integer"}}) is None
    True
    """
    root = dict(schema)
    if "$ref" in root:
        name = str(root.pop("$ref")).rpartition("/")[2]
        root |= object_of(object_of(root.get("$defs")).get(name))
    if root.get("type") != "object":
        return None
    try:
        return _closed(root)
    except _NotStrict:
        return None


class _NotStrict(Exception):
    """Something in the schema cannot be said strictly."""


def _closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    found = {key: value for key, value in schema.items() if key not in _DROPPED}
    if len(parts := list_of(found.get("allOf"))) == 1:
        del found["allOf"]
        return _closed(found | object_of(parts[0]))
    if "oneOf" in found:
        found["anyOf"] = found.pop("oneOf")
    _close_parts(found)
    if found.get("type") == "object":
        if found.get("additionalProperties") or "properties" not in found:
            raise _NotStrict
        found |= {"required": list(found["properties"]), "additionalProperties": False}
    elif "prefixItems" in found or not found.keys() & {"type", "anyOf", "enum", "const"}:
        raise _NotStrict
    return found


def _close_parts(schema: dict[str, Any]) -> None:
    if "anyOf" in schema:
        schema["anyOf"] = [_closed(object_of(each)) for each in list_of(schema["anyOf"])]
    if isinstance(schema.get("items"), dict):
        schema["items"] = _closed(object_of(schema["items"]))
    for name in ("$defs", "properties"):
        if name in schema:
            parts = object_of(schema[name])
            schema[name] = {key: _closed(object_of(each)) for key, each in parts.items()}
