"""JSON pointers (RFC 6901) into what was delivered."""

from __future__ import annotations

from typing import Any, Final, cast

__all__ = ["MISSING", "find_at"]


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


def find_at(document: object, pointer: str) -> Any:
    """The value at a pointer, or `MISSING`.

    >>> find_at({"a/b": [{"~": 1}]}, "/a~1b/0/~0"), find_at([1], "/01"), find_at({"a": None}, "/a")
    (1, MISSING, None)
    """
    found = document
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict):
            found = cast("dict[str, object]", found).get(part, MISSING)
        elif isinstance(found, list):
            listed = cast("list[object]", found)
            is_index = part.isascii() and part.isdigit() and (part == "0" or part[0] != "0")
            is_index = is_index and len(part) < 10
            found = listed[int(part)] if is_index and int(part) < len(listed) else MISSING
        else:
            return MISSING
    return found
