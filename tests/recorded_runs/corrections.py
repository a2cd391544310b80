"""The differences from what was recorded that are wanted: what a report said wrong, said right.

Each is also a line of the changelog. One that does not occur fails the test. A failing test prints
each difference as an entry of this list, but for its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["ADDED", "CORRECTIONS", "LINES", "MISSING", "REWORDED", "TOLD", "Correction"]

MISSING: Final = "<missing>"
"""A value that is only on one side."""


ADDED: Final[dict[str, object]] = {
    "unpaid": [],
    "form": None,
    "answered": None,
    "signals": [],
    "cached": None,
    "children": 0,
    "forks": [],
}
"""Fields of JSON that are new, with the value that they have in every run that was recorded."""

TOLD: Final = {
    "asks": ("if_denied", "sends_back", "next"),
    "hub": ("messages",),
    "timeline": ("why", "usage"),
}
"""Fields that are new in a read, and tell what the run did or will do."""

LINES: Final = {"timeline": "so far: "}
"""Lines that are new in a read, by what is in them."""

REWORDED: Final = {
    "will run after all": "is open again",
    "its failure is tolerated": "its failure was handled",
    "nothing starts until a person raises it": "no agent starts until a person raises it",
    "loops used up their iterations": "loops ended before `until` was true",
    "loop used up its iterations": "loop ended before `until` was true",
}
"""Words that are others wherever they are read, old and new."""


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


_EMPTY = "A container without children has ended in a run that finished; `graph` said pending."
_SKIPPED = "The root of a run that finished is finished, also if all its tasks were skipped."
_OLD_HINT = "Rows of before do not say that a hint is about a resume, so it is shown."
_RAISE = (
    "raise max_iterations at /project/scenes_trees.py:171:31, or set on_exhausted='finish' there,"
    " then resume the run"
)
_CORRECT = "correct the workflow, then resume the run"

CORRECTIONS: tuple[Correction, ...] = (
    *(
        Correction(
            database="handled_containers",
            read=f"r1: {read}",
            path=f"reasons[{number}].hint",
            old=MISSING,
            new=_CORRECT if number else _RAISE,
            why=_OLD_HINT,
        )
        for read in ("why --json", "hub overview")
        for number in range(4)
    ),
    *(
        Correction(
            database="handled_containers",
            read="r1: why",
            path=f"[{number + 2}]",
            old=MISSING,
            new=f"    hint: {_CORRECT if number else _RAISE}",
            why=_OLD_HINT,
        )
        for number in range(4)
    ),
    Correction(
        database="empties",
        read="allowed: graph",
        path="[1]",
        old="sequence  ▶ running",
        new="sequence  ✓ finished",
        why=_EMPTY,
    ),
    Correction(
        database="empties",
        read="allowed: graph",
        path="[2]",
        old="├─ parallel  · pending",
        new="├─ parallel  ✓ finished",
        why=_EMPTY,
    ),
    Correction(
        database="empties",
        read="allowed: graph",
        path="[3]",
        old="├─ sequence  · pending",
        new="├─ sequence  ✓ finished",
        why=_EMPTY,
    ),
    Correction(
        database="empties",
        read="allowed: graph",
        path="[4]",
        old="├─ parallel  · pending",
        new="├─ parallel  ✓ finished",
        why=_EMPTY,
    ),
    Correction(
        database="empties",
        read="allowed: graph",
        path="[5]",
        old="│  └─ sequence  · pending",
        new="│  └─ sequence  ✓ finished",
        why=_EMPTY,
    ),
    Correction(
        database="empties",
        read="allowed: graph --json",
        path="root.state",
        old="running",
        new="finished",
        why=_EMPTY,
    ),
    Correction(
        database="empties",
        read="allowed: graph --json",
        path="root.children[0].state",
        old="pending",
        new="finished",
        why=_EMPTY,
    ),
    Correction(
        database="empties",
        read="allowed: graph --json",
        path="root.children[1].state",
        old="pending",
        new="finished",
        why=_EMPTY,
    ),
    Correction(
        database="empties",
        read="allowed: graph --json",
        path="root.children[2].state",
        old="pending",
        new="finished",
        why=_EMPTY,
    ),
    Correction(
        database="empties",
        read="allowed: graph --json",
        path="root.children[2].children[0].state",
        old="pending",
        new="finished",
        why=_EMPTY,
    ),
    Correction(
        database="empties",
        read="allowed: graph --mermaid",
        path="[1]",
        old='  n1["sequence<br/>running"]',
        new='  n1["sequence<br/>finished"]',
        why=_EMPTY,
    ),
    Correction(
        database="empties",
        read="allowed: graph --mermaid",
        path="[2]",
        old='  n2["parallel<br/>pending"]',
        new='  n2["parallel<br/>finished"]',
        why=_EMPTY,
    ),
    Correction(
        database="empties",
        read="allowed: graph --mermaid",
        path="[4]",
        old='  n3["sequence<br/>pending"]',
        new='  n3["sequence<br/>finished"]',
        why=_EMPTY,
    ),
    Correction(
        database="empties",
        read="allowed: graph --mermaid",
        path="[6]",
        old='  n4["parallel<br/>pending"]',
        new='  n4["parallel<br/>finished"]',
        why=_EMPTY,
    ),
    Correction(
        database="empties",
        read="allowed: graph --mermaid",
        path="[8]",
        old='  n5["sequence<br/>pending"]',
        new='  n5["sequence<br/>finished"]',
        why=_EMPTY,
    ),
    Correction(
        database="skipped",
        read="all: graph",
        path="[1]",
        old="sequence  - skipped",
        new="sequence  ✓ finished",
        why=_SKIPPED,
    ),
    Correction(
        database="skipped",
        read="all: graph --json",
        path="root.state",
        old="skipped",
        new="finished",
        why=_SKIPPED,
    ),
)
