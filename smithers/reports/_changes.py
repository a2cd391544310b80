"""Whether anything was written to a database since it was asked last."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from smithers.errors import StoreError
from smithers.reports._database import has_runs, reading
from smithers.store.looking import connect_reader, stamp_of, way_of

if TYPE_CHECKING:
    from smithers.store.looking import Stamp

__all__ = ["Changes"]

_MARKS = (
    "SELECT r.run_id, (SELECT max(frame) FROM frames f WHERE f.run_id = r.run_id), r.called,"
    " (SELECT gave_up FROM revivals v WHERE v.run_id = r.run_id)"
    " FROM runs r WHERE r.run_id IN (SELECT value FROM json_each(?))"
)


class Changes:
    """Tells whether any process has written to the database since it was asked last.

    Asking costs microseconds, so it may be done often. Nothing is held open while there is no
    database, or while nobody uses it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._seen: int | Stamp | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hold nothing open any more; the next question is a first one again."""
        if self._db is not None:
            self._db.close()
        self._db, self._seen = None, None

    def happened(self) -> bool:
        """Whether something was written; true when it is asked first. Raises `StoreError`."""
        if self._db is None and not has_runs(self._path):
            return False
        seen = self._version()
        if seen == self._seen:
            return False
        self._seen = seen
        return True

    def _version(self) -> int | Stamp:
        if self._db is None and way_of(self._path) == "in place":
            self._db = connect_reader(self._path)
        if self._db is None:
            return stamp_of(self._path)
        ((version,),) = self._ask(self._db, "PRAGMA data_version")
        return cast("int", version)

    def marks(self, run_ids: Iterable[str]) -> dict[str, object]:
        """A value for each run that is there, which is another once `standing` may be."""
        names = json.dumps(list(run_ids))
        if self._db is not None:
            return _by_run(self._ask(self._db, _MARKS, names))
        with reading(self._path) as db:
            return _by_run(db.execute(_MARKS, (names,)).fetchall())

    def _ask(self, db: sqlite3.Connection, query: str, *values: str) -> list[tuple[Any, ...]]:
        try:
            return db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            self.close()
            raise StoreError(f"{self._path} can no longer be read: {error}") from error


def _by_run(rows: Iterable[tuple[Any, ...]]) -> dict[str, object]:
    return {run_id: mark for run_id, *mark in rows}
