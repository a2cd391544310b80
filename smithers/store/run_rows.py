"""The row of a run: what starting it again needs, and who owns it."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from smithers.allowed import AllowRuns
from smithers.changes import Key
from smithers.errors import StoreError, UnknownRun
from smithers.store import NewRun, Parent, RunRow
from smithers.store.rows import path_of, path_text, time_of, time_text

__all__ = ["parent_of", "run_row", "run_values", "unknown_run"]

_RUN = (
    "SELECT run_id, workflow, file, folder, interpreter, environment, input, source, created_at,"
    " options, parent, parent_task, parent_path, parent_waits, first_run, number, allow_runs,"
    " allow_depth, forked_from, forked_at, owner, fence FROM runs WHERE run_id = ?"
)


def unknown_run(run_id: str) -> UnknownRun:
    shown = run_id if len(run_id) <= 64 else f"{run_id[:61]}..."
    said = f"there is no run {shown!r} in this database"
    return UnknownRun(said, hint="list the runs with `smithers ps`")


def run_values(run: NewRun) -> tuple[str | int | None, ...]:
    """The columns of a run as it begins, but for its owner and fence."""
    parent: tuple[str | int | None, ...] = (None, None, None, 1)
    if run.parent is not None:
        key = run.parent.key
        parent = (run.parent.run_id, key.id, path_text(key.path), int(run.parent.waits))
    return (
        *(run.run_id, run.workflow, run.file, run.folder, run.interpreter),
        json.dumps(run.environment, ensure_ascii=False),
        *(run.input, run.source, time_text(run.created_at), run.options),
        *parent,
        *(run.first_run, run.number, run.allow_runs.number, run.allow_runs.depth),
        *(run.forked_from, run.forked_at),
    )


def parent_of(run_id: str | None, task: str | None, path: str | None, waits: int) -> Parent | None:
    """The parent of a run by its columns."""
    if run_id is None:
        return None
    if task is None or path is None:
        raise StoreError(f"a child run of {run_id} does not name its task")
    return Parent(run_id=run_id, key=Key(task, path_of(path)), waits=bool(waits))


def run_row(db: sqlite3.Connection, run_id: str) -> RunRow:
    row: Any = db.execute(_RUN, (run_id,)).fetchone()
    if row is None:
        raise unknown_run(run_id)
    run_id, workflow, file, folder, interpreter, environment, input, source, at, *rest = row
    options, parent, task, path, waits, first_run, number, allowed, depth, *rest = rest
    forked_from, forked_at, owner, fence = rest
    try:
        variables, created_at = tuple(json.loads(environment)), time_of(at)
        above = parent_of(parent, task, path, waits)
    except (TypeError, ValueError, StoreError) as error:
        raise StoreError(f"the row of run {run_id} cannot be read: {error}") from error
    return RunRow(
        run_id=run_id,
        workflow=workflow,
        file=file,
        folder=folder,
        interpreter=interpreter,
        environment=variables,
        input=input,
        source=source,
        created_at=created_at,
        options=options,
        parent=above,
        first_run=first_run,
        number=number,
        allow_runs=AllowRuns(allowed, depth),
        forked_from=forked_from,
        forked_at=forked_at,
        owner=owner,
        fence=fence,
    )
