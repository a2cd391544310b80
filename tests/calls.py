"""Counting calls, for tests of what something costs."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["calls_of"]


def calls_of(act: Callable[[], object], *, of_c: bool = False) -> int:
    """The calls of Python functions on this thread that it makes, and `of_c` those of C as well.

    No garbage is collected meanwhile: others are called back by that, for example Hypothesis.
    """
    found = 0
    counted = ("call", "c_call") if of_c else ("call",)

    def count(_frame: FrameType, event: str, _given: Any) -> None:
        nonlocal found
        found += event in counted

    before, was_on = sys.getprofile(), gc.isenabled()
    gc.disable()
    sys.setprofile(count)
    try:
        act()
    finally:
        sys.setprofile(before)
        if was_on:
            gc.enable()
    return found
