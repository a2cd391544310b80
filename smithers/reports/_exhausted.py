"""Loops that used up their iterations and ended all the same, by `on_exhausted="finish"`."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable

from smithers.changes import Key
from smithers.naming import node_name
from smithers.reports._heads import SCOPE
from smithers.store.rows import path_of

__all__ = ["all_exhausted", "exhausted_loops", "exhausted_words"]

_EXHAUSTED = (
    "SELECT c.run_id, c.node, c.path FROM choices c WHERE c.kind = 'exhausted'"
    f" AND {SCOPE.format('c')}"
    " AND NOT EXISTS (SELECT 1 FROM resets r WHERE r.run_id = c.run_id AND r.node = c.node"
    " AND r.path = c.path AND r.born > c.born)"
    " AND EXISTS (SELECT 1 FROM tree t WHERE t.run_id = c.run_id AND t.id = c.node"
    " AND t.gone IS NULL)"
    " ORDER BY c.born, c.node, c.path"
)


def exhausted_loops(db: sqlite3.Connection, run_id: str) -> list[str]:
    """The loops by id, with the iteration of a loop inside another, as in `review[2]`."""
    rows = db.execute(_EXHAUSTED, {"runs": json.dumps([run_id])})
    return [str(Key(node, path_of(path))) for _, node, path in rows]


def all_exhausted(db: sqlite3.Connection, run_ids: Iterable[str]) -> dict[str, int]:
    """How many such loops each of these runs has, for those that have any."""
    rows = db.execute(_EXHAUSTED, {"runs": json.dumps(list(run_ids))})
    return Counter(run_id for run_id, _, _ in rows)


def exhausted_words(loops: list[str]) -> str:
    """What to add to a sentence about the run, or nothing.

    >>> exhausted_words(["review[0]", "review[1]"])
    '; 2 loops used up their iterations: review[0], review[1]'
    """
    if not loops:
        return ""
    many = "1 loop used up its" if len(loops) == 1 else f"{len(loops)} loops used up their"
    more = ", …" if len(loops) > _MOST else ""
    names = [node_name(id) + round for id, round in map(_parts, loops[:_MOST])]
    return f"; {many} iterations: {', '.join(names)}{more}"


def _parts(loop: str) -> tuple[str, str]:
    id, bracket, numbers = loop.partition("[")
    return id, bracket + numbers


_MOST = 5
