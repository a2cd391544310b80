"""JSON from outside, where nothing is known of its shape: a wrong one reads as empty."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, cast

__all__ = ["list_of", "object_in", "object_of"]


def object_of(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def list_of(value: object) -> list[Any]:
    return list(cast("Iterable[Any]", value)) if isinstance(value, list) else []


def object_in(line: str | bytes) -> dict[str, Any]:
    """The object that a line holds; a line that is none is noise, and reads as empty."""
    try:
        return object_of(json.loads(line))
    except ValueError:
        return {}
