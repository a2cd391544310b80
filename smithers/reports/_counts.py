"""How many tasks of a run stand how: of one run by its tree, of all runs at once by a query."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from dataclasses import dataclass

from smithers.reports._heads import SCOPE, Head
from smithers.reports._tasks import ANSWERED, COUNTING, Tree, open_waits, tree_of, unsettled

__all__ = ["Counts", "all_counts", "counts_of"]

# For each run its tasks by state, then those that are open, then those without a row.
_ALL_COUNTS = (
    "WITH leaves AS (SELECT n.run_id, n.id FROM tree n WHERE n.gone IS NULL"
    f"  AND n.kind IN ('task', 'step', 'approval') AND {SCOPE.format('n')}),"
    " rows AS (SELECT t.run_id, t.task, t.path, t.state FROM tasks t"
    f"  JOIN leaves l ON l.run_id = t.run_id AND l.id = t.task WHERE {SCOPE.format('t')} AND "
    + COUNTING.format("t", "task")
    + ")"
    " SELECT run_id, state, count(*) FROM rows WHERE state IS NOT NULL GROUP BY run_id, state"
    " UNION ALL SELECT t.run_id, CASE WHEN EXISTS (SELECT 1 FROM waits w WHERE w.run_id = t.run_id"
    "  AND w.node = t.task AND w.path = t.path AND w.ended IS NULL AND NOT "
    + ANSWERED
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
    "SELECT h.run_id, sum(t.state = 'failed'), sum(n.kind IN ('task', 'step', 'approval'))"
    " FROM handled h JOIN tree n ON n.run_id = h.run_id AND n.id = h.node AND n.gone IS NULL"
    " JOIN tasks t ON t.run_id = h.run_id AND t.task = h.node AND t.path = h.path"
    "  AND t.state IN ('failed', 'cancelled') AND "
    + COUNTING.format("t", "task")
    + " WHERE "
    + COUNTING.format("h", "node")
    + f" AND {SCOPE.format('h')} GROUP BY h.run_id"
)
_COUNTED: tuple[str, ...] = ("finished", "failed", "skipped", "waiting", "pending", "cancelled")
_EDITED = f"SELECT DISTINCT n.run_id FROM tree n WHERE n.gone IS NOT NULL AND {SCOPE.format('n')}"


@dataclass(frozen=True, kw_only=True)
class Counts:
    """`tasks` by state; what is ready or runs counts as pending. `tolerated` are the failures that
    the author allows, and `handled` the tasks that failed or were cancelled by one of them.
    """

    tasks: dict[str, int]
    tolerated: int = 0
    handled: int = 0

    @property
    def done(self) -> int:
        """How many tasks need nothing more."""
        return self.tasks["finished"] + self.tasks["skipped"] + self.handled


def counts_of(tree: Tree) -> Counts:
    """The counts of one run."""
    found = Counter(entry.state for entry in tree.entries)
    found["pending"] += found["ready"] + found["running"]
    return Counts(
        tasks={state: found[state] for state in _COUNTED},
        tolerated=sum(entry.tolerated for entry in tree.failed),
        handled=sum(entry.tolerated for entry in tree.entries),
    )


def all_counts(db: sqlite3.Connection, runs: dict[str, Head]) -> dict[str, Counts]:
    """The same for all these runs at once, as ten thousand waiting runs want it. Those whose tree
    has changed are counted by their tree: a task may have moved out of its loop.
    """
    tasks = {run_id: dict.fromkeys(_COUNTED, 0) for run_id in runs}
    scope = {"runs": json.dumps(list(runs))}
    for run_id, state, number in db.execute(_ALL_COUNTS, scope):
        head = runs[run_id]
        if state in ("open", "waiting") and head.ended:
            state = unsettled(head, up=False)
        tasks[run_id]["pending" if state == "open" else state] += number
    found = {run_id: Counts(tasks=counts) for run_id, counts in tasks.items()}
    for run_id, failures, handled in db.execute(_ALL_HANDLED, scope):
        found[run_id] = Counts(tasks=tasks[run_id], tolerated=failures, handled=handled)
    for (run_id,) in db.execute(_EDITED, scope).fetchall():
        edited = runs[run_id]
        found[run_id] = counts_of(tree_of(db, edited, open_waits(db, edited)))
    return found
