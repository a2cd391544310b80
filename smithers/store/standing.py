"""What is asked of a run from outside, read without the rest: all that it has of a few nodes.

A node is read whole, so that a state which folds from it is right about it: what a fact means is
judged by that fold alone. Which nodes are read may be too many, never too few.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

from smithers import waits
from smithers.changes import Frame, Key
from smithers.store.history import Part, parts_of
from smithers.store.rows import path_of

__all__ = ["about_of", "budgets_of", "holding_of", "kinds_of", "standing_of", "task_of", "waits_of"]

_WAITS: tuple[Part, ...] = ("tasks", "waits", "resets", "statuses")
_NODES: tuple[Part, ...] = (*_WAITS, "attempts", "samples")
_ASKING = ", ".join(map(repr, waits.ASKING))
_WAITING = (
    "SELECT node, path FROM waits WHERE run_id = :run AND ended IS NULL UNION SELECT node, path"
    f" FROM waits WHERE run_id = :run AND kind IN ({_ASKING}) AND ended = (SELECT max(ended)"
    f" FROM waits WHERE run_id = :run AND kind IN ({_ASKING}) AND answer <> '')"
)
_OPEN = (
    "SELECT task, path FROM tasks WHERE run_id = :run AND ended IS NULL"
    " UNION SELECT node, path FROM resets WHERE run_id = :run"
    " UNION SELECT node, path FROM waits WHERE run_id = :run AND ended IS NULL"
    " UNION SELECT task, path FROM attempts a WHERE run_id = :run AND (ended IS NULL"
    # A task that was renamed before its end has attempts without having come up.
    " OR origin IS NOT NULL AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.run_id = a.run_id"
    " AND t.task = a.task AND t.path = a.path AND t.ended IS NOT NULL))"
)
_OF_ID = (
    "SELECT id, '' FROM tree WHERE run_id = :run AND id = :id"
    " UNION SELECT task, path FROM tasks WHERE run_id = :run AND task = :id"
    " UNION SELECT task, path FROM attempts WHERE run_id = :run AND task = :id"
    " UNION SELECT node, path FROM waits WHERE run_id = :run AND node = :id"
)
_EXHAUSTED = "SELECT DISTINCT node, path FROM choices WHERE run_id = :run AND kind = 'exhausted'"
_KINDS = "SELECT DISTINCT kind FROM tree WHERE run_id = :run AND gone IS NULL"
_ABOVE = (
    "WITH RECURSIVE above(id) AS ({} UNION SELECT t.parent FROM tree t JOIN above a ON t.id = a.id"
    " WHERE t.run_id = :run AND t.parent IS NOT NULL) SELECT id FROM above"
)
"""The ids that a query gives, and those of what is or was around these nodes."""
_BUDGETED = _ABOVE.format("SELECT node FROM budgets WHERE run_id = :run")
_AROUND = _ABOVE.format("SELECT value FROM json_each(:ids)")


def standing_of(db: sqlite3.Connection, run_id: str) -> tuple[Frame, ...]:
    """See `Store.standing`."""
    return parts_of(db, run_id, _NODES, keys=_keys(db, _OPEN, run_id))


def holding_of(db: sqlite3.Connection, run_id: str) -> tuple[Frame, ...]:
    """The same with what else holds a run or is told with that: why it ends from outside, the
    loops that ended before their test held, and its signals.
    """
    exhausted = _keys(db, _EXHAUSTED, run_id)
    keys = {Key(""), *exhausted, *_keys(db, _OPEN, run_id)}
    parts: tuple[Part, ...] = ("tree", *_NODES, "choices", "signals")
    return parts_of(db, run_id, parts, keys=keys, ids={key.id for key in exhausted})


def waits_of(db: sqlite3.Connection, run_id: str) -> tuple[Frame, ...]:
    """See `Store.waits`."""
    return parts_of(db, run_id, _WAITS, keys=_keys(db, _WAITING, run_id))


def about_of(db: sqlite3.Connection, run_id: str, name: str) -> tuple[Frame, ...]:
    """See `Store.about`."""
    keys, ids = _meant(db, run_id, name)
    return parts_of(db, run_id, ("tree", *_NODES), keys=keys, ids=ids)


def task_of(db: sqlite3.Connection, run_id: str, name: str) -> tuple[Frame, ...]:
    """The same with what a face shows of a task: what is around it, and its choices."""
    keys, ids = _meant(db, run_id, name)
    around = {id for (id,) in db.execute(_AROUND, {"run": run_id, "ids": json.dumps([*ids])})}
    return parts_of(db, run_id, ("tree", *_NODES, "choices"), keys=keys, ids=around)


def _meant(db: sqlite3.Connection, run_id: str, name: str) -> tuple[set[Key], set[str]]:
    """The nodes that a name may mean, and the ids that these may have."""
    keys = {Key(name), *_readings(name)}
    for id, path in db.execute(_OF_ID, {"run": run_id, "id": name}):
        keys.add(Key(id, path_of(path)))
    return keys, {name.partition("[")[0], *(key.id for key in keys)}


def budgets_of(db: sqlite3.Connection, run_id: str) -> tuple[Frame, ...]:
    """See `Store.budgets`."""
    ids = {id for (id,) in db.execute(_BUDGETED, {"run": run_id})}
    keys = _keys(db, _WAITING, run_id)
    return parts_of(db, run_id, ("tree", *_WAITS, "budgets"), keys=keys, ids=ids)


def kinds_of(db: sqlite3.Connection, run_id: str) -> set[str]:
    """See `Store.kinds`."""
    return {kind for (kind,) in db.execute(_KINDS, {"run": run_id})}


def _keys(db: sqlite3.Connection, sql: str, run_id: str) -> set[Key]:
    return {Key(id, path_of(path)) for id, path in db.execute(sql, {"run": run_id})}


def _readings(name: str) -> Iterator[Key]:
    """The iterations of nodes that a name such as `review[2][0]` may mean.

    >>> [str(key.id) for key in _readings("review[2][0]")]
    ['review[2]', 'review']
    """
    path: tuple[int, ...] = ()
    while name.endswith("]"):
        name, _, number = name[:-1].rpartition("[")
        if not (number.isascii() and number.isdecimal()):
            return
        path = (int(number), *path)
        yield Key(name, path)
