"""Loops that ended before `until` was true, by `on_exhausted="finish"`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from smithers.naming import key_name

if TYPE_CHECKING:
    from smithers.changes import Key
    from smithers.state import RunState

__all__ = ["exhausted_loops", "exhausted_words"]

_MOST = 5


def exhausted_loops(state: RunState) -> tuple[Key, ...]:
    """The loops, each with its iteration of the loops around it, in the order of their ends."""
    found = [
        (chosen.frame, key)
        for (key, kind), chosen in state.choices.items()
        if kind == "exhausted" and key.id in state.nodes
    ]
    return tuple(key for _, key in sorted(found))


def exhausted_words(loops: Sequence[Key]) -> str:
    """What to add to a sentence about the run, or nothing.

    >>> from smithers.changes import Key
    >>> exhausted_words([Key("review", (0,)), Key("review", (1,))])
    '; 2 loops ended before `until` was true: review[0], review[1]'
    """
    if not loops:
        return ""
    many = "1 loop" if len(loops) == 1 else f"{len(loops)} loops"
    more = ", …" if len(loops) > _MOST else ""
    return (
        f"; {many} ended before `until` was true: {', '.join(map(key_name, loops[:_MOST]))}{more}"
    )
