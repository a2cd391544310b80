"""Deliveries that hooks have taken, kept so that a second one does nothing.

Each is rows of `inbox` that belong to no run: their kind is `delivery`, `node` is the hook,
`signal` what the delivery is known by, `path` the run that it starts or '', and `body` its key and
the runs that get its signal. They are forgotten after 30 days, unless the run has not ended.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from smithers.changes import ENDED
from smithers.errors import Refused
from smithers.store.failures import telling
from smithers.store.opening import open_database
from smithers.store.rows import time_text
from smithers.values import dataclass
from smithers.words import count_of

__all__ = ["KEPT", "Delivery", "TooManyRuns", "claim_delivery"]

KEPT = timedelta(days=30)
_STARTING = timedelta(minutes=2)
"""How long a run that is being started counts although it is not there yet."""
_STATUS = "(SELECT status FROM statuses s WHERE s.run_id = i.path ORDER BY born DESC LIMIT 1)"
_ENDED = f"({', '.join(map(repr, ENDED))})"
_FIND = "SELECT body FROM inbox WHERE run_id = '' AND signal = ?"
_PUT = (
    "INSERT INTO inbox (run_id, kind, node, path, signal, body, at)"
    " VALUES ('', 'delivery', ?, ?, ?, ?, ?)"
)
_STARTED = (
    "SELECT path, max(at) FROM inbox WHERE run_id = '' AND node = ? AND path <> '' GROUP BY path"
)
_LAST = "SELECT status, next_run FROM statuses WHERE run_id = ? ORDER BY born DESC LIMIT 1"
_FORGET = (
    "DELETE FROM inbox AS i WHERE run_id = '' AND at < ?"
    f" AND (path = '' OR coalesce({_STATUS} IN {_ENDED}, 1))"
)


class TooManyRuns(Refused):
    """As many runs of the hook as may be are unfinished."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A delivery as it was taken first: the key of it, and the runs that it is for."""

    key: str
    run_ids: tuple[str, ...]
    is_new: bool


def claim_delivery(
    database: Path,
    hook: str,
    known_by: Sequence[str],
    *,
    run_ids: Sequence[str] = (),
    starts: str = "",
    at_most: int | None = None,
    now: datetime | None = None,
) -> Delivery:
    """Take a delivery; one that has any of these names was taken before, and stays as it was then.
    The first of the names is its key. `starts` is the id of the run that it starts, of which the
    hook may have `at_most` that have not ended.

    Raises `TooManyRuns`, and has kept nothing then, or `StoreError`.
    """
    now = now or datetime.now(UTC)
    body = json.dumps({"key": known_by[0], "run_ids": list(run_ids)})
    with closing(open_database(database, create=False)) as db, telling(database):
        db.execute("BEGIN IMMEDIATE")
        try:
            taken = _taken(db, known_by)
            if taken is None:
                db.execute(_FORGET, (time_text(now - KEPT),))
                if at_most is not None:
                    _check_room(db, hook, at_most, now)
                for name in known_by:
                    db.execute(_PUT, (hook, starts, name, body, time_text(now)))
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise
    found = json.loads(taken or body)
    return Delivery(key=found["key"], run_ids=tuple(found["run_ids"]), is_new=taken is None)


def _taken(db: sqlite3.Connection, known_by: Sequence[str]) -> str | None:
    for name in known_by:
        row = db.execute(_FIND, (name,)).fetchone()
        if row is not None:
            body: str = row[0]
            return body
    return None


def _check_room(db: sqlite3.Connection, hook: str, at_most: int, now: datetime) -> None:
    started = db.execute(_STARTED, (hook,)).fetchall()
    recent = time_text(now - _STARTING)
    number = sum(_is_open(db, run_id, is_recent=at > recent) for run_id, at in started)
    if number >= at_most:
        raise TooManyRuns(
            f"the hook {hook} has {count_of(number, 'unfinished run')}, and at_most = {at_most}",
            hint="send it again later",
        )


def _is_open(db: sqlite3.Connection, run_id: str, *, is_recent: bool) -> bool:
    """Whether a run, or the one as which it has continued, has not ended."""
    while (last := db.execute(_LAST, (run_id,)).fetchone()) is not None:
        if last[0] != "continued" or last[1] is None:
            return last[0] not in ENDED
        run_id = last[1]
    return is_recent
