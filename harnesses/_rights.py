"""What a program may do without asking, in words for a person."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["rights_text"]


def rights_text(*rights: tuple[str, str | Iterable[str]]) -> str:
    """Each right with its value or values; one without any is left out.

    >>> rights_text(("permission mode", "plan"), ("may use", ["Read", "Edit"]), ("not", []))
    'permission mode plan; may use Read, Edit'
    """
    texts = ((name, one if isinstance(one, str) else ", ".join(one)) for name, one in rights)
    return "; ".join(f"{name} {text}" for name, text in texts if text)
