"""How a run stands for whoever waits for it, and whether anything was written since."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from smithers.errors import StoreError
from smithers.reports._database import connected, has_runs, reading
from smithers.reports._heads import Head, head_of
from smithers.reports._tasks import open_waits
from smithers.reports._waking import attention_of, given_up
from smithers.store.rows import time_of

__all__ = ["Changes", "Standing", "standing"]

_MARKS = (
    "SELECT r.run_id, (SELECT max(frame) FROM frames f WHERE f.run_id = r.run_id), r.called,"
    " (SELECT gave_up FROM revivals v WHERE v.run_id = r.run_id)"
    " FROM runs r WHERE r.run_id IN (SELECT value FROM json_each(?))"
)
_OF_A_PERSON = ("approval", "budget", "agents")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A run in short. `frame` is its last one; `is_done` says that it has ended, or that it goes on
    only when a person has done something.
    """

    workflow: str
    status: str
    frame: int
    is_done: bool


def standing(path: Path, run_id: str) -> Standing:
    """How a run stands. Raises `UnknownRun`."""
    with reading(path) as db:
        head = head_of(db, run_id)
        done = head.ended or _waits_for_a_person(db, head)
    return Standing(workflow=head.workflow, status=head.status, frame=head.frame, is_done=done)


def _waits_for_a_person(db: sqlite3.Connection, head: Head) -> bool:
    if attention_of(db, head.run_id):  # it was answered, and somebody is to take that up
        return False
    if head.run_id in given_up(db, head.run_id):
        return True
    if head.status != "waiting":
        return False
    now = datetime.now(UTC)
    return any(
        wait.kind in _OF_A_PERSON
        and (head.alive or not wait.data["due"] or time_of(wait.data["due"]) > now)
        for wait in open_waits(db, head)
    )


class Changes:
    """Tells whether any process has written to the database since it was asked last.

    Asking costs microseconds, so it may be done often; nothing is held open where there is no
    database yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._seen = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hold nothing open any more; the next question is a first one again."""
        if self._db is not None:
            self._db.close()
        self._db, self._seen = None, -1

    def happened(self) -> bool:
        """Whether something was written; true when it is asked first. Raises `StoreError`."""
        if self._db is None and not has_runs(self._path):
            return False
        ((version,),) = self._all("PRAGMA data_version")
        if version == self._seen:
            return False
        self._seen = version
        return True

    def marks(self, run_ids: Iterable[str]) -> dict[str, object]:
        """A value for each run that is there, which is another once `standing` may be."""
        return {run_id: mark for run_id, *mark in self._all(_MARKS, json.dumps(list(run_ids)))}

    def _all(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        if self._db is None:
            self._db = connected(self._path)
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            self.close()
            raise StoreError(f"{self._path} cannot be read any more: {error}") from error
