"""The differences from what was recorded that are wanted: what a report said wrong, said right.

Each is also a line of the changelog. One that does not occur fails the test. A failing test prints
each difference as an entry of this list, but for its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["CORRECTIONS", "MISSING", "Correction"]

MISSING: Final = "<missing>"
"""A value that is only on one side."""


@dataclass(frozen=True, kw_only=True)
class Correction:
    """Where a value differs: the database, what is read (as it is named in the recorded file, with
    the run), and the path in its JSON, or the line of its text. `why` is one sentence.
    """

    database: str
    read: str
    path: str
    old: object
    new: object
    why: str


CORRECTIONS: tuple[Correction, ...] = ()
