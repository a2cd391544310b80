"""Deliberate defects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["BREAKAGES", "Breakage"]


@dataclass(frozen=True, kw_only=True)
class Breakage:
    apply: Callable[[], None]


BREAKAGES: dict[str, Breakage] = {}
