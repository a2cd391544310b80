"""Which runs a list shows: chosen by SQL, the newest first, so that a page costs what it holds."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection
from dataclasses import replace
from typing import get_args

from smithers.errors import Refused
from smithers.store.lease import Beat, is_alive
from smithers.store.rows import time_of
from smithers.values import dataclass
from smithers.views import Status, status_of

__all__ = ["EVERY_RUN", "STATUSES", "RunsQuery", "choose_runs", "count_by_status", "cursor_of"]

STATUSES: tuple[Status, ...] = get_args(Status)
_STATUS = (
    " JOIN statuses s ON s.run_id = r.run_id"
    " AND s.born = (SELECT max(born) FROM statuses WHERE run_id = r.run_id)"
)
_CONTAINS = (
    "(r.run_id LIKE :text ESCAPE '!' OR r.workflow LIKE :text ESCAPE '!'"
    " OR r.input LIKE :text ESCAPE '!' OR EXISTS (SELECT 1 FROM statuses e"
    " WHERE e.run_id = r.run_id AND e.error LIKE :text ESCAPE '!'))"
)
_OWNER = " LEFT JOIN owners o ON o.owner = r.owner"
_ORDER = " ORDER BY r.created_at DESC, r.run_id DESC"


@dataclass(frozen=True, kw_only=True)
class RunsQuery:
    """Which runs are wanted. Empty `statuses` are all of them; `since` is the stored time from
    which on they were started. `limit` is how many of the newest, all if None, and `after` the
    cursor of the page before, which has newer ones.
    """

    statuses: Collection[str] = ()
    workflow: str | None = None
    since: str | None = None
    limit: int | None = None
    after: str | None = None
    children: bool = True
    """Whether child runs are listed as well."""
    text: str | None = None
    """What their id, workflow, input or error must contain, whatever the case of its letters."""


EVERY_RUN = RunsQuery()


def cursor_of(created_at: str, run_id: str) -> str:
    """The cursor of a page whose oldest run is this one."""
    return f"{created_at}/{run_id}"


def choose_runs(db: sqlite3.Connection, query: RunsQuery) -> tuple[list[str], int]:
    """The ids of the runs of a page, the newest first, and how many more there are. Raises
    `Refused` for a cursor that is none.
    """
    where, values = _conditions(query)
    if ("running" in query.statuses) != ("stale" in query.statuses):
        return _by_owners(db, query, where, values)
    status = _STATUS if query.statuses else ""
    chosen = f"FROM runs r{status}{where}"
    limit = "" if query.limit is None else " LIMIT :limit"
    rows = db.execute(f"SELECT r.run_id {chosen}{_ORDER}{limit}", {**values, "limit": query.limit})
    ids = [run_id for (run_id,) in rows]
    if query.limit is None or len(ids) < query.limit:
        return ids, 0
    (number,) = db.execute(f"SELECT count(*) {chosen}", values).fetchone()
    return ids, number - len(ids)


def count_by_status(db: sqlite3.Connection, query: RunsQuery) -> dict[Status, int]:
    """How many runs of a query are in which status, on all its pages."""
    where, values = _conditions(replace(query, statuses=(), after=None))
    beat = "o.owner, o.host, o.pid, o.started, o.beat_ns, o.beat_at"
    sql = f"SELECT s.status, count(*), {beat} FROM runs r{_STATUS}{_OWNER}{where}"
    found: dict[Status, int] = dict.fromkeys(STATUSES, 0)
    for stored, number, *beat_of in db.execute(f"{sql} GROUP BY s.status, o.owner", values):
        is_driven = stored == "running" and beat_of[0] is not None
        status = status_of(stored, alive=is_driven and is_alive(Beat.of(tuple(beat_of))))
        found[status] += number
    return found


def _conditions(query: RunsQuery) -> tuple[str, dict[str, object]]:
    conditions, values = list[str](), dict[str, object]()
    if query.statuses:
        stored = {"running" if status == "stale" else status for status in query.statuses}
        names = {f"status{number}": status for number, status in enumerate(sorted(stored))}
        conditions.append(f"s.status IN ({', '.join(f':{name}' for name in names)})")
        values |= names
    if not query.children:
        conditions.append("r.parent IS NULL")
    if query.workflow is not None:
        conditions.append("r.workflow = :workflow")
        values["workflow"] = query.workflow
    if query.text:
        conditions.append(_CONTAINS)
        escaped = re.sub(r"([%_!])", r"!\1", query.text)
        values["text"] = f"%{escaped}%"
    if query.since is not None:
        conditions.append("r.created_at >= :since")
        values["since"] = query.since
    if query.after is not None:
        conditions.append("(r.created_at, r.run_id) < (:created_at, :run_id)")
        values["created_at"], values["run_id"] = _parts_of(query.after)
    return (f" WHERE {' AND '.join(conditions)}" if conditions else ""), values


def _by_owners(
    db: sqlite3.Connection, query: RunsQuery, where: str, values: dict[str, object]
) -> tuple[list[str], int]:
    """Whether a run is running or stale, its owner tells, which no SQL can ask."""
    lives: dict[str | None, bool] = {None: False}
    ids: list[str] = []
    columns = "r.run_id, s.status, o.owner, o.host, o.pid, o.started, o.beat_ns, o.beat_at"
    sql = f"SELECT {columns} FROM runs r{_STATUS}{_OWNER}{where}{_ORDER}"
    for run_id, status, *beat in db.execute(sql, values):
        if status == "running":
            if (owner := beat[0]) not in lives:
                lives[owner] = is_alive(Beat.of(tuple(beat)))
            status = status_of(status, alive=lives[owner])
        if status in query.statuses:
            ids.append(run_id)
    limit = len(ids) if query.limit is None else query.limit
    return ids[:limit], max(0, len(ids) - limit)


def _parts_of(cursor: str) -> tuple[str, str]:
    created_at, _, run_id = cursor.partition("/")
    try:
        time_of(created_at)
    except ValueError:
        created_at = ""
    if not created_at or not run_id:
        raise Refused(
            f"{cursor!r} is not a cursor of the list of runs",
            hint="pass to --after the `cursor` of the previous page",
        )
    return created_at, run_id
