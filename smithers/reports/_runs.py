"""Runs in short, one run in full, and how a run stands at the end of `up`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os.path import dirname
from pathlib import Path
from typing import Any

from smithers.changes import Key
from smithers.reports._counts import all_counts, counts_of
from smithers.reports._database import Json, from_json, has_runs, reading
from smithers.reports._exhausted import all_exhausted, exhausted_loops
from smithers.reports._heads import (
    SCOPE,
    Head,
    error_of,
    head_of,
    heads,
    last_activity,
    usage_of,
    usage_total,
)
from smithers.reports._listing import EVERY_RUN, RunsQuery, choose_runs, cursor_of
from smithers.reports._tasks import Tree, Wait, open_waits, tolerated_of, tree_of
from smithers.reports._waking import given_up
from smithers.store.outputs import output_of
from smithers.store.rows import path_of

__all__ = [
    "Inspected",
    "RunsPage",
    "attempts_of",
    "inspect",
    "inspecting",
    "places",
    "run_ids",
    "runs",
    "states",
    "status_of",
    "summary",
    "summary_of",
]

_OUTPUT = "SELECT output FROM statuses WHERE run_id = ? ORDER BY born DESC LIMIT 1"
_RUNNING = (
    f"SELECT a.run_id, a.serial FROM attempts a WHERE a.state IS NULL AND {SCOPE.format('a')}"
)
_USAGE = (
    "SELECT u.run_id, u.tokens_in, u.tokens_out, u.tokens_cached, u.cost_usd FROM usage u"
    f" WHERE {SCOPE.format('u')}"
)
_ATTEMPTS = (
    "SELECT serial, task, path, attempt, agent, session, started_at, state, error, ended_at,"
    " skipped FROM attempts WHERE run_id = ? ORDER BY serial"
)
_PLACES = (
    "SELECT DISTINCT r.folder, r.file FROM runs r WHERE (SELECT s.status FROM statuses s WHERE"
    " s.run_id = r.run_id ORDER BY s.born DESC LIMIT 1) NOT IN ('finished', 'cancelled')"
    " LIMIT 1000"
)
_SESSIONS = "SELECT serial, session FROM sessions WHERE run_id = ? ORDER BY serial, born, n"
_OUTPUTS = (
    "SELECT o.task, o.path, o.born, CASE WHEN l.bytes IS NULL THEN o.json END FROM outputs o"
    " LEFT JOIN large_outputs l ON l.run_id = o.run_id AND l.task = o.task AND l.path = o.path"
    " AND l.born = o.born WHERE o.run_id = ? AND NOT EXISTS (SELECT 1 FROM resets r"
    " WHERE r.run_id = o.run_id AND r.node = o.task AND r.path = o.path AND r.born > o.born)"
    " ORDER BY o.born"
)


def places(path: Path) -> list[str]:
    """The folders of unfinished runs, and those of their workflow files."""
    if not has_runs(path):
        return []
    with reading(path) as db:
        rows = db.execute(_PLACES).fetchall()
    return list(dict.fromkeys(place for folder, file in rows for place in (folder, dirname(file))))


@dataclass(frozen=True, kw_only=True)
class RunsPage:
    """Runs in short, oldest first, how many older ones a query has, and the cursor for those."""

    runs: list[Json]
    more: int = 0
    cursor: str | None = None


def runs(path: Path, query: RunsQuery = EVERY_RUN) -> RunsPage:
    """Runs with their counts, their usage and what they wait for from outside.

    Where there is no database, there are no runs. Raises `Refused` for a cursor that is none.
    """
    if not has_runs(path) and not path.is_dir():
        return RunsPage(runs=[])
    with reading(path) as db:
        ids, more = choose_runs(db, query)
        found = {head.run_id: head for head in heads(db, ids)}
        scope = {"runs": json.dumps(ids)}
        counts, lost, exhausted = all_counts(db, found), given_up(db), all_exhausted(db, ids)
        samples: dict[str, list[tuple[int, int, int, str | None]]] = {}
        for run_id, *sample in db.execute(_USAGE, scope):
            samples.setdefault(run_id, []).append((sample[0], sample[1], sample[2], sample[3]))
        running: dict[str, list[int]] = {}
        for run_id, serial in db.execute(_RUNNING, scope):
            running.setdefault(run_id, []).append(serial)
        listed: list[Json] = [
            {
                "run_id": head.run_id,
                "workflow": head.workflow,
                "status": head.status,
                "stopped_by": head.stopped_by,
                "created_at": head.created_at,
                "last_activity": last_activity(path, head, running.get(head.run_id, [])),
                "tasks": counts[head.run_id].tasks,
                "done": counts[head.run_id].done,
                "tolerated": counts[head.run_id].tolerated,
                "exhausted": exhausted.get(head.run_id, 0),
                "usage": usage_total(samples.get(head.run_id, [])),
                "waiting_for": _outside(open_waits(db, head)),
                "gave_up": lost.get(head.run_id),
            }
            for head in found.values()
        ]
    cursor = cursor_of(listed[0]["created_at"], listed[0]["run_id"]) if more else None
    return RunsPage(runs=listed, more=more, cursor=cursor)


def run_ids(path: Path, query: RunsQuery) -> list[str]:
    """The ids of runs, the newest first; none where there is no database."""
    if not has_runs(path) and not path.is_dir():
        return []
    with reading(path) as db:
        return choose_runs(db, query)[0]


def status_of(path: Path, run_id: str) -> str | None:
    """The status of a run, or None where there is no such run."""
    if not has_runs(path):
        return None
    with reading(path) as db:
        return next((head.status for head in heads(db, [run_id])), None)


def summary(path: Path, run_id: str) -> Json:
    """How a run stands: what `up --json` prints at its end. Raises `UnknownRun`."""
    with reading(path) as db:
        head = head_of(db, run_id)
        waits = open_waits(db, head)
        return summary_of(db, head, waits, tree_of(db, head, waits))


def summary_of(db: sqlite3.Connection, head: Head, waits: list[Wait], tree: Tree) -> Json:
    """The same of a run that is being read."""
    usage = _usage(db, head.run_id)
    del usage["tokens_cached"]
    return {
        "version": 1,
        "run_id": head.run_id,
        "status": head.status,
        "stopped_by": head.stopped_by,
        "waiting_for": _outside(waits),
        "tasks": counts_of(tree).tasks,
        "tolerated": tolerated_of(tree),
        "output": _output(db, head),
        "error": error_of(head.error),
        "exhausted": exhausted_loops(db, head.run_id),
        "frames": head.frame + 1,
        "usage": usage,
    }


def states(path: Path, run_id: str) -> list[Json]:
    """The tasks of a run and how each stands, without their outputs. Raises `UnknownRun`."""
    with reading(path) as db:
        head = head_of(db, run_id)
        return [
            {
                "id": one.id,
                "iteration": list(one.path),
                "state": one.state,
                "tolerated": one.tolerated,
            }
            for one in tree_of(db, head, open_waits(db, head)).entries
        ]


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """A run with all its tasks; these are read one by one, each with its output."""

    version: int = 1
    run: Json
    tasks: Iterator[Json]
    waits: list[Json]


def inspect(path: Path, run_id: str) -> Json:
    """A run with all its tasks, their attempts, and what it waits for. Raises `UnknownRun`."""
    with inspecting(path, run_id) as found:
        return {**vars(found), "tasks": list(found.tasks)}


@contextmanager
def inspecting(path: Path, run_id: str) -> Generator[Inspected]:
    """The same, with no more than one large output in memory. Raises `UnknownRun`."""
    with reading(path) as db:
        head = head_of(db, run_id)
        waits = open_waits(db, head)
        attempts, running = attempts_of(db, run_id)
        yield Inspected(
            run=_run(db, path, head, running),
            tasks=_tasks(db, run_id, tree_of(db, head, waits), attempts),
            waits=_open(waits),
        )


def _tasks(
    db: sqlite3.Connection,
    run_id: str,
    tree: Tree,
    attempts: dict[tuple[str, tuple[int, ...]], list[Json]],
) -> Iterator[Json]:
    outputs = {
        Key(task, path_of(at)): (born, text)
        for task, at, born, text in db.execute(_OUTPUTS, (run_id,))
    }
    for entry in tree.entries:
        key = Key(entry.id, entry.path)
        born, text = outputs.get(key, (None, None))
        if born is not None and text is None:
            text = output_of(db, run_id, key, born)
        yield {
            "id": entry.id,
            "iteration": list(entry.path),
            "state": entry.state,
            "tolerated": entry.tolerated,
            "output": from_json(text),
            "error": error_of(entry.error),
            "attempts": attempts.get(key, []),
        }


def _run(db: sqlite3.Connection, path: Path, head: Head, running: list[int]) -> Json:
    row = db.execute("SELECT input FROM runs WHERE run_id = ?", (head.run_id,)).fetchone()
    return {
        "run_id": head.run_id,
        "workflow": head.workflow,
        "status": head.status,
        "stopped_by": head.stopped_by,
        "file": head.file,
        "folder": head.folder,
        "input": from_json(row[0]),
        "output": _output(db, head),
        "error": error_of(head.error),
        "exhausted": exhausted_loops(db, head.run_id),
        "created_at": head.created_at,
        "last_activity": last_activity(path, head, running),
        "frames": head.frame + 1,
        "owner": head.owner,
        "usage": _usage(db, head.run_id),
    }


def _output(db: sqlite3.Connection, head: Head) -> Any:
    if head.stored != "finished":
        return None
    return from_json(db.execute(_OUTPUT, (head.run_id,)).fetchone()[0])


def _usage(db: sqlite3.Connection, run_id: str) -> Json:
    return usage_total([sample for some in usage_of(db, run_id).values() for sample in some])


def _open(waits: list[Wait]) -> list[Json]:
    return [wait.data for wait in waits if not wait.answered]


def _outside(waits: list[Wait]) -> list[Json]:
    return [wait.data for wait in waits if wait.is_outside]


def attempts_of(
    db: sqlite3.Connection, run_id: str
) -> tuple[dict[tuple[str, tuple[int, ...]], list[Json]], list[int]]:
    """The attempts of a run by task and iteration, and the serials of those that run."""
    sessions: dict[int, str] = dict(db.execute(_SESSIONS, (run_id,)).fetchall())
    usage = usage_of(db, run_id)
    found: dict[tuple[str, tuple[int, ...]], list[Json]] = {}
    running: list[int] = []
    for serial, task, path, number, agent, session, at, state, error, ended, skipped in db.execute(
        _ATTEMPTS, (run_id,)
    ):
        if state is None:
            running.append(serial)
        found.setdefault((task, path_of(path)), []).append(
            {
                "attempt": number,
                "agent": agent,
                "skipped": from_json(skipped) or [],
                "state": state or "running",
                "session_id": sessions.get(serial, session),
                "error": error_of(error),
                "started_at": at,
                "ended_at": ended,
                "usage": usage_total(usage.get(serial, [])),
            }
        )
    return found, running
