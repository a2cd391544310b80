"""Loops that used up their iterations and ended all the same, by `on_exhausted="finish"`."""

from __future__ import annotations

import sqlite3
from collections import Counter

from smithers.changes import Key
from smithers.store.rows import path_of

__all__ = ["all_exhausted", "exhausted_loops", "exhausted_words"]

_EXHAUSTED = (
    "SELECT c.run_id, c.node, c.path FROM choices c WHERE c.kind = 'exhausted'"
    " AND (?1 IS NULL OR c.run_id = ?1)"
    " AND NOT EXISTS (SELECT 1 FROM resets r WHERE r.run_id = c.run_id AND r.node = c.node"
    " AND r.path = c.path AND r.born > c.born)"
    " AND EXISTS (SELECT 1 FROM tree t WHERE t.run_id = c.run_id AND t.id = c.node"
    " AND t.gone IS NULL)"
    " ORDER BY c.born, c.node, c.path"
)


def exhausted_loops(db: sqlite3.Connection, run_id: str) -> list[str]:
    """The loops by id, with the iteration of a loop inside another, as in `review[2]`."""
    rows = db.execute(_EXHAUSTED, (run_id,))
    return [str(Key(node, path_of(path))) for _, node, path in rows]


def all_exhausted(db: sqlite3.Connection) -> dict[str, int]:
    """How many such loops each run has, for runs that have any."""
    return Counter(run_id for run_id, _, _ in db.execute(_EXHAUSTED, (None,)))


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
