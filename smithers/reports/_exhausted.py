"""Loops that used up their iterations and ended all the same, by `on_exhausted="finish"`."""

from __future__ import annotations

import sqlite3

from smithers.changes import Key
from smithers.store.rows import path_of

__all__ = ["exhausted_loops", "exhausted_words"]

_EXHAUSTED = (
    "SELECT c.node, c.path FROM choices c WHERE c.run_id = ?1 AND c.kind = 'exhausted'"
    " AND NOT EXISTS (SELECT 1 FROM resets r WHERE r.run_id = c.run_id AND r.node = c.node"
    " AND r.path = c.path AND r.born > c.born)"
    " AND EXISTS (SELECT 1 FROM tree t WHERE t.run_id = c.run_id AND t.id = c.node"
    " AND t.gone IS NULL)"
    " ORDER BY c.born, c.node, c.path"
)


def exhausted_loops(db: sqlite3.Connection, run_id: str) -> list[str]:
    """The loops by id, with the iteration of a loop inside another, as in `review[2]`."""
    rows = db.execute(_EXHAUSTED, (run_id,))
    return [str(Key(node, path_of(path))) for node, path in rows]


def exhausted_words(loops: list[str]) -> str:
    """What to add to a sentence about the run, or nothing.

    >>> exhausted_words(["review[0]", "review[1]"])
    '; 2 loops used up their iterations: review[0], review[1]'
    """
    if not loops:
        return ""
    many = "1 loop used up its" if len(loops) == 1 else f"{len(loops)} loops used up their"
    more = ", …" if len(loops) > _MOST else ""
    return f"; {many} iterations: {', '.join(loops[:_MOST])}{more}"


_MOST = 5
