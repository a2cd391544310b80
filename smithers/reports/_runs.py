"""The runs of a database as a list."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from decimal import Decimal
from os.path import dirname
from pathlib import Path
from typing import TYPE_CHECKING

from smithers.reports._counts import all_counts
from smithers.reports._database import has_runs, reading
from smithers.reports._exhausted import all_exhausted
from smithers.reports._heads import SCOPE, heads, last_activity
from smithers.reports._listing import (
    EVERY_RUN,
    STATUSES,
    choose_runs,
    count_by_status,
    cursor_of,
)
from smithers.reports._waking import given_up
from smithers.store import IN_MEMORY
from smithers.store.rows import time_of, time_text
from smithers.store.run_rows import run_row
from smithers.views import RunLine, RunsPage, Usage

if TYPE_CHECKING:
    from smithers.reports._heads import Head
    from smithers.reports._listing import RunsQuery
    from smithers.store import RunRow
    from smithers.views import Status, WaitView

__all__ = ["count_statuses", "find_run", "places", "run_ids", "runs", "status_of"]

_RUNNING = (
    f"SELECT a.run_id, a.serial FROM attempts a WHERE a.state IS NULL AND {SCOPE.format('a')}"
)
_USAGE = (
    "SELECT u.run_id, u.tokens_in, u.tokens_out, u.tokens_cached, u.cost_usd FROM usage u"
    f" JOIN runs r ON r.run_id = u.run_id AND u.born > coalesce(r.forked_at, -1)"
    f" WHERE {SCOPE.format('u')}"
)
"""What a fork has from its source was paid there, and was born before it."""
_CHILDREN = "SELECT count(*) FROM runs INDEXED BY runs_of_parent WHERE parent IS NOT NULL"
_IN_MEMORY = (
    f"SELECT r.run_id FROM runs r WHERE {SCOPE.format('r')}"
    f" AND json_extract(r.options, '$.{IN_MEMORY}')"
)
_PLACES = (
    "SELECT DISTINCT r.folder, r.file FROM runs r WHERE (SELECT s.status FROM statuses s WHERE"
    " s.run_id = r.run_id ORDER BY s.born DESC LIMIT 1)"
    " NOT IN ('finished', 'continued', 'cancelled')"
    " LIMIT 1000"
)


def places(path: Path) -> list[str]:
    """The folders of unfinished runs, and those of their workflow files."""
    if not has_runs(path):
        return []
    with reading(path) as db:
        rows = db.execute(_PLACES).fetchall()
    return list(dict.fromkeys(place for folder, file in rows for place in (folder, dirname(file))))


def runs(path: Path, query: RunsQuery = EVERY_RUN) -> RunsPage:
    """Runs with their counts, their usage and what they wait for from outside.

    Where there is no database, there are no runs. Raises `Refused` for a cursor that is none.
    """
    if not has_runs(path) and not path.is_dir():
        return RunsPage(runs=())
    with reading(path) as db:
        ids, more = choose_runs(db, query)
        (children,) = (0,) if query.children else db.execute(_CHILDREN).fetchone()
        found = {head.run_id: head for head in heads(db, ids)}
        in_memory = {run_id for (run_id,) in db.execute(_IN_MEMORY, {"runs": json.dumps(ids)})}
        counts, lost = all_counts(db, path, found), given_up(db)
        exhausted, usage = all_exhausted(db, ids), _all_usage(db, ids)
        waiting_for = _all_waits(db, path, found.values())
        running: dict[str, list[int]] = {}
        for run_id, serial in db.execute(_RUNNING, {"runs": json.dumps(ids)}):
            running.setdefault(run_id, []).append(serial)
        listed = tuple(
            RunLine(
                run_id=head.run_id,
                workflow=head.workflow,
                status=head.status,
                stopped_by=head.stopped_by,
                created_at=time_of(head.created_at),
                last_activity=last_activity(path, head, running.get(head.run_id, [])),
                counts=counts[head.run_id],
                exhausted=exhausted.get(head.run_id, 0),
                usage=usage.get(head.run_id, Usage()),
                waiting_for=waiting_for.get(head.run_id, ()),
                gave_up=lost.get(head.run_id),
                parent=head.parent,
                is_made_in_memory=head.run_id in in_memory,
                running=len(running.get(head.run_id, [])) if head.alive else 0,
            )
            for head in found.values()
        )
    cursor = cursor_of(time_text(listed[0].created_at), listed[0].run_id) if more else None
    return RunsPage(runs=listed, more=more, cursor=cursor, children=children)


def run_ids(path: Path, query: RunsQuery) -> list[str]:
    """The ids of the runs of a query, the newest first; none where there is no database."""
    if not has_runs(path):
        return []
    with reading(path) as db:
        return choose_runs(db, query)[0]


def count_statuses(path: Path, query: RunsQuery) -> dict[Status, int]:
    """How many runs of a query are in which status, whatever `statuses`, `limit` and `after` it
    has; none where there is no database.
    """
    if not has_runs(path):
        return dict.fromkeys(STATUSES, 0)
    with reading(path) as db:
        return count_by_status(db, query)


def workflow_names(path: Path) -> list[str]:
    """The workflows of which there are runs; none where there is no database."""
    if not has_runs(path):
        return []
    with reading(path) as db:
        return [name for (name,) in db.execute("SELECT DISTINCT workflow FROM runs ORDER BY 1")]


def find_run(path: Path, run_id: str) -> RunRow:
    """The row of a run, without anything of its frames. Raises `UnknownRun`."""
    with reading(path) as db:
        return run_row(db, run_id)


def status_of(path: Path, run_id: str) -> str | None:
    """The status of a run, or None where there is no such run."""
    if not has_runs(path):
        return None
    with reading(path) as db:
        return next((head.status for head in heads(db, [run_id])), None)


def _all_waits(
    db: sqlite3.Connection, path: Path, runs: Iterable[Head]
) -> dict[str, tuple[WaitView, ...]]:
    """What each of these runs waits for from outside, if anything."""
    open_runs = [head.run_id for head in runs if not head.ended]
    if not open_runs:
        return {}
    from smithers.reports._snapshot import WAITS, Shared, snapshot_of  # most lists need no state
    from smithers.views import open_waits

    shared = Shared(db)
    found: dict[str, tuple[WaitView, ...]] = {}
    for run_id in open_runs:
        waits = open_waits(snapshot_of(db, path, run_id, parts=WAITS, shared=shared))
        found[run_id] = tuple(wait for wait in waits if wait.is_outside)
    return found


def _all_usage(db: sqlite3.Connection, ids: list[str]) -> dict[str, Usage]:
    """What each of these runs used, if anything. Money is summed as decimal, never by SQL."""
    found: dict[str, Usage] = {}
    for run_id, tokens_in, tokens_out, cached, usd in db.execute(_USAGE, {"runs": json.dumps(ids)}):
        so_far = found.get(run_id, Usage())
        cost = so_far.cost if usd is None else (so_far.cost or Decimal(0)) + Decimal(usd)
        found[run_id] = Usage(
            tokens_in=so_far.tokens_in + tokens_in,
            tokens_out=so_far.tokens_out + tokens_out,
            tokens_cached=so_far.tokens_cached + cached,
            cost=cost,
        )
    return found
