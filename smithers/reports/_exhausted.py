"""How many loops of the runs of a list used up their iterations and ended all the same."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from smithers.reports._counts import COUNTING
from smithers.reports._heads import SCOPE

__all__ = ["all_exhausted"]

_EXHAUSTED = (
    "SELECT c.run_id, count(*) FROM choices c WHERE c.kind = 'exhausted'"
    f" AND {SCOPE.format('c')} AND {COUNTING.format('c', 'node')}"
    " AND EXISTS (SELECT 1 FROM tree t WHERE t.run_id = c.run_id AND t.id = c.node"
    " AND t.gone IS NULL) GROUP BY c.run_id"
)


def all_exhausted(db: sqlite3.Connection, run_ids: Iterable[str]) -> dict[str, int]:
    """How many such loops each of these runs has, for those that have any."""
    return dict(db.execute(_EXHAUSTED, {"runs": json.dumps(list(run_ids))}).fetchall())
