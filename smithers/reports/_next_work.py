"""What the answers to questions let run, and what that has cost, by few rows of each run."""

from __future__ import annotations

import json
from decimal import Decimal
from sqlite3 import Connection
from typing import TYPE_CHECKING

from smithers.reports._counts import COUNTING
from smithers.reports._database import reading
from smithers.shapes import asks_agent
from smithers.state import RunState
from smithers.store.history import parts_of
from smithers.store.rows import path_of
from smithers.views import Tree, following, likely_cost, next_work

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from smithers.changes import Key
    from smithers.views import LikelyCost, NextWork, Question

__all__ = ["likely_costs", "next_work_of"]

_MOST_NAMED, _LAST_RUNS = 50, 50
_CAME_UP = (
    "SELECT t.task, t.path, t.state = 'finished' FROM tasks t WHERE t.run_id = ? AND "
    + COUNTING.format("t", "task")
)
_EARLIER = (
    "SELECT r.run_id FROM runs r WHERE r.workflow = ? AND r.run_id <> ?"
    " ORDER BY r.created_at DESC, r.run_id DESC LIMIT ?"
)
# For each earlier run and task that has ended in it: what was told of its cost, and how often.
# Attempts are read once for all tasks: no index has them by task.
_COSTS = (
    "WITH mine AS MATERIALIZED (SELECT run_id, task, serial, state FROM attempts"
    "  WHERE origin IS NULL AND run_id IN (SELECT value FROM json_each(:runs)))"
    " SELECT t.run_id, t.task, u.cost_usd,"
    " u.serial IS NULL AND coalesce(a.state, 'cached') <> 'succeeded' FROM"
    " (SELECT DISTINCT run_id, task FROM tasks WHERE state IN ('finished', 'failed')"
    "  AND run_id IN (SELECT value FROM json_each(:runs))"
    "  AND task IN (SELECT value FROM json_each(:tasks))) t"
    " LEFT JOIN mine a ON a.run_id = t.run_id AND a.task = t.task"
    " LEFT JOIN usage u ON u.run_id = a.run_id AND u.serial = a.serial"
)


def next_work_of(db: Connection, asked: Iterable[Question]) -> dict[tuple[str, Key], NextWork]:
    """What the answer to each question lets run, by run and key; of those that a task asks."""
    found: dict[tuple[str, Key], NextWork] = {}
    by_run: dict[str, list[Question]] = {}
    for one in asked:
        if one.task is not None:
            by_run.setdefault(one.run_id, []).append(one)
    for run_id, questions in by_run.items():
        tree = Tree.of(RunState.of(parts_of(db, run_id, ("tree", "statuses"))))
        came_up, done = _came_up(db, run_id)
        ids = {id for one in questions for id, _ in following(tree, one.key, came_up)[0]}
        costs = _costs(db, run_id, questions[0].workflow, ids)
        for one in questions:
            found[run_id, one.key] = next_work(
                tree,
                one.key,
                came_up,
                costs,
                done=done,
                most=_MOST_NAMED,
                does={} if one.form is None else one.form.does,
            )
    return found


def likely_costs(path: Path, workflow: str, kinds: Mapping[str, str]) -> LikelyCost:
    """What tasks of a workflow, given with their kinds, are likely to cost in another run of it."""
    with reading(path) as db:
        asking = [id for id, kind in kinds.items() if asks_agent(kind)]
        return likely_cost(list(kinds), kinds, _costs(db, "", workflow, asking))


def _came_up(db: Connection, run_id: str) -> tuple[dict[str, set[tuple[int, ...]]], int]:
    """The iterations in which each task has come up, and how many tasks have finished."""
    found: dict[str, set[tuple[int, ...]]] = {}
    done = 0
    for id, path, is_done in db.execute(_CAME_UP, (run_id,)):
        found.setdefault(id, set()).add(path_of(path))
        done += bool(is_done)
    return found, done


def _costs(
    db: Connection, run_id: str, workflow: str, ids: Collection[str]
) -> Mapping[str, Mapping[str, Decimal | None]]:
    """What each task has cost in the last runs of a workflow that have ended it."""
    if not ids:
        return {}
    runs = [one for (one,) in db.execute(_EARLIER, (workflow, run_id, _LAST_RUNS))]
    found: dict[str, dict[str, Decimal | None]] = {}
    given = {"runs": json.dumps(runs), "tasks": json.dumps(sorted(ids))}
    for run, task, usd, is_free in db.execute(_COSTS, given):
        costs = found.setdefault(task, {})
        so_far = costs.get(run, Decimal(0))
        told = Decimal(0) if is_free else None if usd is None else Decimal(usd)
        costs[run] = None if told is None or so_far is None else so_far + told
    return found
