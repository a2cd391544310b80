"""What a page is made of: the files of the manual, and the commands that the caller knows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import _smithers_orchestrator
from smithers.values import dataclass

__all__ = ["FOLDER", "Command"]

FOLDER = Path(_smithers_orchestrator.__file__).with_name("manual")


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command as its help shows it: `usage` without the name of the program, and each argument
    and option with what it means.
    """

    usage: str
    summary: str
    options: Sequence[tuple[str, str]]
