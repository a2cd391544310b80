"""The type and the limits of a value by its schema, in words for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smithers.schemas import Schema

__all__ = ["limits_of"]

_WORDS = {
    ("string", None): "text",
    ("string", "date"): "a date",
    ("string", "time"): "a time",
    ("string", "date-time"): "a date and a time, in UTC",
    ("string", "duration"): "a duration, such as PT90S or P1DT2H",
    ("string", "email"): "an e-mail address",
    ("string", "uri"): "an address, such as https://example.org",
    ("integer", None): "a whole number",
    ("number", None): "a number",
    ("boolean", None): "yes or no",
}


def limits_of(schema: Schema) -> str:
    """What may be given, with its limits; empty for what has no simple type.

    >>> limits_of({"type": "integer", "minimum": 1, "maximum": 9})
    'a whole number, 1 to 9'
    >>> limits_of({"type": "string", "minLength": 3})
    'text, at least 3 characters'
    """
    kind, form = schema.get("type"), schema.get("format")
    if kind == "array":
        return ", ".join(["a list", *_spans(schema, "minItems", "maxItems", " entries")])
    if "enum" in schema or "const" in schema:
        return ""
    found = _WORDS.get((str(kind), form)) or _WORDS.get((str(kind), None))
    if found is None:
        return ""
    words = [found]
    words += _spans(schema, "minLength", "maxLength", " characters")
    words += _spans(schema, "minimum", "maximum", "")
    for name, said in (
        ("exclusiveMinimum", "above"),
        ("exclusiveMaximum", "below"),
        ("multipleOf", "a multiple of"),
        ("pattern", "of the form"),
    ):
        words += [f"{said} {schema[name]}"] if name in schema else []
    return ", ".join(words)


def _spans(schema: Schema, least: str, most: str, unit: str) -> list[str]:
    low: Any = schema.get(least)
    high: Any = schema.get(most)
    if low is None and high is None:
        return []
    if low is not None and high is not None:
        return [f"{low} to {high}{unit}" if low != high else f"exactly {low}{unit}"]
    return [f"at least {low}{unit}" if high is None else f"at most {high}{unit}"]
