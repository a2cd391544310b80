"""Texts that UTF-8 can hold: a lone surrogate, as in half of an emoji, becomes U+FFFD."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

__all__ = ["clean", "plain_text", "valid_text"]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def valid_text(text: str) -> str:
    """`text` as a file, a program and a database can take it."""
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)


def plain_text(value: object) -> str:
    """Any value as a valid text; nothing for None."""
    if value is None:
        return ""
    try:
        text = value if isinstance(value, str) else str(value)
        return valid_text(str.__str__(text))  # of a subclass, a plain string
    except Exception:  # an object of somebody's, whose __str__ raises
        return f"<{type(value).__name__}>"


def clean(value: object, fix: Callable[[str], str] = lambda text: text) -> Any:
    """JSON data with each text passed through `fix` and made valid."""
    if isinstance(value, str):
        return valid_text(fix(value))
    if isinstance(value, list):
        return [clean(item, fix) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        items = cast("dict[object, object]", value).items()
        return {clean(key, fix): clean(item, fix) for key, item in items}
    return value
