"""How a turn of a program ended: decided once, by one rule for all programs.

A turn is over with its first terminal event, and counts as its first good one; only if none is good
as its first. So an error that follows a good end changes nothing: a second result, an exit code, a
signal, words on stderr. Some programs add such errors, as when a task in their background ends, and
paid work would be lost. An error that precedes a good end of the same turn is no end either.

Nothing but the beginning of a further turn takes a good end back: the success of an earlier turn
never makes a later one good.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["TurnEnd"]


class TurnEnd:
    """The end of the turn that runs. `event` is the terminal event that counts, empty before."""

    def __init__(self) -> None:
        self.over = self.good = False
        self.event: Mapping[str, Any] = {}

    def begin(self) -> None:
        """A further turn begins: what ended before is no end of it."""
        self.over = self.good = False
        self.event = {}

    def take(self, event: Mapping[str, Any], *, good: bool) -> None:
        """A terminal event of this turn."""
        if not self.over or (good and not self.good):
            self.over, self.good, self.event = True, good, event
