"""How many tasks of the runs of a list are in which state, by one query for all of them.

It is what `views` counts from the state of one run, for as many runs as a list has.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from smithers.reports._heads import SCOPE
from smithers.shapes import CONTAINERS
from smithers.views import Counts, unsettled
from smithers.waits import DECISIONS, traits

if TYPE_CHECKING:
    from smithers.reports._heads import Head

__all__ = ["COUNTING", "all_counts"]

COUNTING = (
    "NOT EXISTS (SELECT 1 FROM resets r WHERE r.run_id = {0}.run_id AND r.node = {0}.{1}"
    " AND r.path = {0}.path AND r.born > {0}.born)"
)
"""Whether a row of a table, by its alias and the column of its node, counts: its node was not reset
since.
"""
_PAIRS = " OR ".join(
    f"w.kind = '{kind}' AND i.kind = '{traits(kind).answered_by}'" for kind in DECISIONS
)
_ANSWERED = (
    "EXISTS (SELECT 1 FROM inbox i WHERE i.run_id = w.run_id AND i.node = w.node"
    f" AND i.path = w.path AND ({_PAIRS}) AND (i.opened IS NULL OR i.opened = w.born)"
    " AND i.id > (SELECT l.inbox FROM frames l WHERE l.run_id = w.run_id"
    " ORDER BY l.frame DESC LIMIT 1))"
)
"""Whether an open wait is answered by a note that the owner is to take: `views.answered_waits`."""
_IS_TASK = f"n.kind NOT IN ({', '.join(map(repr, CONTAINERS))})"
# For each run its tasks by state, then those that are open, then those without a row.
_ALL_COUNTS = (
    "WITH leaves AS (SELECT n.run_id, n.id FROM tree n WHERE n.gone IS NULL"
    f"  AND {_IS_TASK} AND {SCOPE.format('n')}),"
    " rows AS (SELECT t.run_id, t.task, t.path, t.state FROM tasks t"
    f"  JOIN leaves l ON l.run_id = t.run_id AND l.id = t.task WHERE {SCOPE.format('t')} AND "
    + COUNTING.format("t", "task")
    + ")"
    " SELECT run_id, state, count(*) FROM rows WHERE state IS NOT NULL GROUP BY run_id, state"
    " UNION ALL SELECT t.run_id, CASE WHEN EXISTS (SELECT 1 FROM waits w WHERE w.run_id = t.run_id"
    "  AND w.node = t.task AND w.path = t.path AND w.ended IS NULL AND NOT "
    + _ANSWERED
    + " AND "
    + COUNTING.format("w", "node")
    + ") AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.run_id = t.run_id AND a.task = t.task"
    "  AND a.path = t.path AND a.state IS NULL) THEN 'waiting' ELSE 'open' END, count(*)"
    "  FROM rows t WHERE t.state IS NULL GROUP BY 1, 2"
    " UNION ALL SELECT l.run_id, 'open', count(*) FROM leaves l WHERE NOT EXISTS"
    "  (SELECT 1 FROM rows t WHERE t.run_id = l.run_id AND t.task = l.id) GROUP BY 1"
)
# For each run what is handled: its failures, and the tasks among all of it.
_ALL_HANDLED = (
    f"SELECT h.run_id, sum(t.state = 'failed'), sum({_IS_TASK})"
    " FROM handled h JOIN tree n ON n.run_id = h.run_id AND n.id = h.node AND n.gone IS NULL"
    " JOIN tasks t ON t.run_id = h.run_id AND t.task = h.node AND t.path = h.path"
    "  AND t.state IN ('failed', 'cancelled') AND "
    + COUNTING.format("t", "task")
    + " WHERE "
    + COUNTING.format("h", "node")
    + f" AND {SCOPE.format('h')} GROUP BY h.run_id"
)
# For each run the tasks that have their answer from another one.
_ALL_CACHED = (
    "SELECT c.run_id, count(*) FROM choices c"
    " JOIN tree n ON n.run_id = c.run_id AND n.id = c.node AND n.gone IS NULL"
    " WHERE c.kind = 'cached' AND c.gone IS NULL AND "
    + COUNTING.format("c", "node")
    + f" AND {SCOPE.format('c')} GROUP BY c.run_id"
)
_COUNTED: tuple[str, ...] = ("finished", "failed", "skipped", "waiting", "pending", "cancelled")
_EDITED = f"SELECT DISTINCT n.run_id FROM tree n WHERE n.gone IS NOT NULL AND {SCOPE.format('n')}"


def all_counts(db: sqlite3.Connection, path: Path, runs: dict[str, Head]) -> dict[str, Counts]:
    """The counts of all these runs at once, as ten thousand waiting runs want it. Those whose tree
    has changed are counted by their state: a task may have moved out of its loop.
    """
    tasks = {run_id: dict.fromkeys(_COUNTED, 0) for run_id in runs}
    scope = {"runs": json.dumps(list(runs))}
    for run_id, state, number in db.execute(_ALL_COUNTS, scope):
        head = runs[run_id]
        if state in ("open", "waiting") and head.ended:
            state = unsettled(head.stored)
        tasks[run_id]["pending" if state == "open" else state] += number
    found = {run_id: Counts(tasks=counted) for run_id, counted in tasks.items()}
    for run_id, failures, handled in db.execute(_ALL_HANDLED, scope):
        found[run_id] = replace(found[run_id], tolerated=failures, handled=handled)
    for run_id, cached in db.execute(_ALL_CACHED, scope):
        found[run_id] = replace(found[run_id], cached=cached)
    for (run_id,) in db.execute(_EDITED, scope).fetchall():
        from smithers.reports._snapshot import snapshot_of  # most lists need no state
        from smithers.views import counts, task_lines

        edited = snapshot_of(db, path, run_id)
        found[run_id] = counts(edited, list(task_lines(edited)))
    return found
