"""The open questions of a database."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from sqlite3 import Connection
from typing import TYPE_CHECKING

from smithers import inbox, waits
from smithers.errors import AlreadyDecided, Refused
from smithers.naming import key_name
from smithers.reports._database import has_runs, reading
from smithers.reports._snapshot import WAITS, Shared, snapshot_of
from smithers.store.answers import describe_answer
from smithers.store.run_rows import run_row
from smithers.views import questions, task_lines

if TYPE_CHECKING:
    from smithers.views import Question, Snapshot

__all__ = ["list_asks"]

_ASKING = (
    f"SELECT w.run_id, max(w.kind = '{waits.BUDGET}') FROM waits w"
    " JOIN runs r ON r.run_id = w.run_id"
    " WHERE w.ended IS NULL AND w.kind IN (SELECT value FROM json_each(:kinds))"
    " AND (:run IS NULL OR w.run_id = :run)"
    " GROUP BY w.run_id ORDER BY r.created_at, r.run_id"
)


def list_asks(
    path: Path,
    run_id: str | None = None,
    task: str | None = None,
    *,
    ahead: bool = False,
    most_ahead: int | None = None,
) -> list[Question]:
    """The open questions of all runs, of one, or of one task of it, in the order in which the runs
    were started and in each the questions were asked. `task` may name an iteration: `review[2]`.
    With `ahead`, each has what its answer lets run, unless there are more than `most_ahead`.

    Raises `UnknownRun`; for a task that asks nothing `AlreadyDecided` with the decision, or
    `Refused`.
    """
    if run_id is None and not has_runs(path) and not path.is_dir():
        return []
    with reading(path) as db:
        if run_id is not None:
            run_row(db, run_id)  # that there is one
        found = _open(db, path, run_id)
        if ahead and found and (most_ahead is None or len(found) <= most_ahead):
            from smithers.reports._next_work import next_work_of

            work = next_work_of(db, found)
            found = [replace(one, next=work.get((one.run_id, one.key))) for one in found]
        if run_id is None or task is None:
            return found
        meant = [one for one in found if task in (one.task, str(one.key))]
        if not meant:
            raise _asks_nothing(snapshot_of(db, path, run_id), task, found)
    return meant


def _open(db: Connection, path: Path, run_id: str | None) -> list[Question]:
    """Those of all runs, or of one. What a run has used is read if it waits for a budget."""
    found: list[Question] = []
    shared, asked = Shared(db), {"kinds": json.dumps(waits.DECISIONS), "run": run_id}
    for asking, needs_budgets in db.execute(_ASKING, asked).fetchall():
        parts = None if needs_budgets else WAITS
        found += questions(snapshot_of(db, path, asking, parts=parts, shared=shared))
    return found


def _asks_nothing(snapshot: Snapshot, task: str, others: Sequence[Question]) -> Refused:
    """Why there is no question of a task to be shown."""
    run_id = snapshot.run_id
    decided = dict(snapshot.state.answers)
    decided |= {
        note.key: note.body
        for note in snapshot.notes
        if note.kind == inbox.ANSWER and note.key is not None
    }
    for key, answer in reversed(decided.items()):
        if task in (key.id, str(key)):
            return AlreadyDecided(
                f"{key_name(key)} of run {run_id} {describe_answer(answer)}",
                hint=f"`smithers inspect {shlex.quote(run_id)}` shows the decision",
            )
    states = [one.state for one in task_lines(snapshot) if task in (one.key.id, str(one.key))]
    names = ", ".join(shlex.quote(str(one.key)) for one in others if one.task)
    hint = f"to see what the run is waiting for, type `smithers why {shlex.quote(run_id)}`"
    if names:
        hint = f"open questions: {names}"
    elif others:
        hint = f"`smithers asks {shlex.quote(run_id)}` lists the open questions"
    if states:
        return Refused(
            f"{task} of run {run_id} has no open question; it is {states[-1]}", hint=hint
        )
    return Refused(f"{task!r} is not a task of run {run_id} with an open question", hint=hint)
