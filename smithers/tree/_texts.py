"""Texts that UTF-8 can hold: a lone surrogate, as in half of an emoji, becomes U+FFFD."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

__all__ = ["clean", "valid_text"]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def valid_text(text: str) -> str:
    """`text` as a file, a program and a database can take it."""
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)


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
