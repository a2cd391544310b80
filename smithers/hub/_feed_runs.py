"""Which runs have changed, for those who show a list of them."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping

from smithers.values import dataclass

__all__ = ["Changed", "ChangedRuns"]

_KEPT = 4096
"""How many of the last changes are kept; a client that missed more reads the whole list again."""


@dataclass(frozen=True, kw_only=True)
class Changed:
    """The runs that have changed, or `every`: read the list again. `id` is where this ends."""

    runs: tuple[str, ...]
    every: bool
    id: str


class ChangedRuns:
    """The last changes of the list of runs, numbered. `name` tells their ids from another feed's:
    an id of another one, or one too old, asks for the whole list.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._marks: Mapping[str, object] | None = None
        self._changes: deque[tuple[int, str]] = deque(maxlen=_KEPT)
        self.number = 0

    @property
    def is_seen(self) -> bool:
        """Whether the list is being looked at, so that what changes is known."""
        return self._marks is not None

    def see(self, marks: Mapping[str, object]) -> bool:
        """Take the marks of all runs; whether any is another than before."""
        before, self._marks = self._marks, marks
        if before is None:
            self.number += 1  # what changed while nobody looked is not known
            self._changes.clear()
            return True
        gone = [run_id for run_id in before if run_id not in marks]
        changed = [run_id for run_id, mark in marks.items() if before.get(run_id) != mark]
        for run_id in (*changed, *gone):
            self.number += 1
            self._changes.append((self.number, run_id))
        return bool(changed or gone)

    def rest(self) -> None:
        """Nobody listens: what changes from now on is not seen."""
        self._marks = None

    def number_of(self, id: str | None) -> int | None:
        """The number of an id of this feed, else None."""
        match = None if id is None else re.fullmatch(r"([0-9A-Za-z]+)\.([0-9]{1,15})", id)
        return int(match[2]) if match is not None and match[1] == self._name else None

    def after(self, number: int | None) -> Changed:
        """What has changed after a number; all if that is not known."""
        id = f"{self._name}.{self.number}"
        missed = None if number is None else self.number - number
        if missed is None or not 0 <= missed <= len(self._changes):
            return Changed(runs=(), every=True, id=id)
        newer = [run_id for at, run_id in self._changes if at > self.number - missed]
        return Changed(runs=tuple(dict.fromkeys(newer)), every=False, id=id)
