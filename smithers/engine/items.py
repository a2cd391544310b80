"""The items of a fan-out: asked for, named, and known again after a crash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from smithers.errors import AuthorError
from smithers.naming import node_name
from smithers.tree import ForEach, check_id, check_items, has_set, shown
from smithers.values import dataclass

__all__ = ["Items", "ask_items", "digest_of_item"]


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a fan-out: their keys in order, and the digest of each, or None if unknown."""

    keys: tuple[str, ...]
    digests: tuple[str | None, ...]
    values: tuple[Any, ...]

    @classmethod
    def of(cls, value: object) -> Items:
        """The one value of a subtree that is not an item."""
        return cls(("",), (None,), (value,))

    def row(self, source: str) -> str:
        """As it is kept; `source` digests the author's code that gave them."""
        row = {"keys": self.keys, "digests": self.digests, "source": source}
        return json.dumps(row, ensure_ascii=False)


def ask_items(node: ForEach[Any], id: str) -> Items:
    """Call the items of a ForEach and name each, for the reader who is reading now.

    Raises `AuthorError`, and what the author's code raises.
    """
    given: Any = node.items()
    check_items(given, id, node.mark)
    values: tuple[Any, ...] = tuple(given)
    keys = tuple(node.key(value) for value in values)
    if not keys and not node.allow_empty:
        raise AuthorError(
            f"{node_name(id)} has no items",
            place=node.mark.place,
            hint="to allow an empty list, set allow_empty=True",
        )
    _check_keys(id, node, keys, values)
    if node.on_duplicate == "first":
        first: dict[str, Any] = {}
        for key, value in zip(keys, values, strict=True):
            first.setdefault(key, value)
        keys, values = tuple(first), tuple(first.values())
    return Items(keys, tuple(map(digest_of_item, values)), values)


def _check_keys(
    id: str, node: ForEach[Any], keys: Sequence[object], values: Sequence[object]
) -> None:
    seen: dict[str, int] = {}
    for number, key in enumerate(keys):
        if not isinstance(key, str) or not key:
            said = f"the key of item {number} of {id} is {key!r}, not a string"
        elif check_id(key, f"item of {id}", node.mark) not in seen:
            seen[key] = number
            continue
        elif node.on_duplicate == "first":
            continue
        else:
            both = [f"{one} ({shown(values[one])})" for one in (seen[key], number)]
            said = f"items {both[0]} and {both[1]} of {id} have the same key {key!r}"
        raise AuthorError(
            said,
            place=node.mark.place,
            hint="return from key= a string that names one item, taken from the item's data",
        )


def digest_of_item(value: object) -> str | None:
    """Of an item; None for one that has no text which is the same in another process."""
    try:
        return None if has_set(value) else hashlib.sha256(to_json(value)).hexdigest()[:16]
    except (PydanticSerializationError, ValueError, RecursionError):
        return None
