"""The tasks of a run and how each stands, told from the rows.

A row of `tasks` counts unless its task was reset since. Ended: its state. Else, while the run goes
on: `running` with an attempt that has not ended, `waiting` with an open wait, `ready` otherwise; a
task without a row is `pending`. When the run has ended, what never settled is `cancelled`, or
`skipped` if the run finished.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field

from smithers.changes import Key
from smithers.reports._cooldowns import cooling
from smithers.reports._database import Json, from_json
from smithers.reports._heads import Head
from smithers.store.rows import path_of

__all__ = [
    "ANSWERED",
    "COUNTING",
    "LEAVES",
    "Entry",
    "Tree",
    "Wait",
    "open_waits",
    "tolerated_of",
    "tree_of",
    "unsettled",
]

LEAVES = ("task", "step", "approval")
_TREE = "SELECT id, kind, parent FROM tree WHERE run_id = ? AND gone IS NULL ORDER BY place, id"
COUNTING = (
    "NOT EXISTS (SELECT 1 FROM resets r WHERE r.run_id = {0}.run_id AND r.node = {0}.{1}"
    " AND r.path = {0}.path AND r.born > {0}.born)"
)
_ROWS = (
    "SELECT t.task, t.path, t.state, t.error, t.up FROM tasks t WHERE t.run_id = ? AND "
    + COUNTING.format("t", "task")
    + " ORDER BY t.task, t.path, t.born"
)
_HANDLED = "SELECT h.node, h.path FROM handled h WHERE h.run_id = ? AND " + COUNTING.format(
    "h", "node"
)
ANSWERED = (
    "EXISTS (SELECT 1 FROM inbox i WHERE i.run_id = w.run_id AND i.node = w.node"
    " AND i.path = w.path AND (w.kind = 'approval' AND i.kind = 'answer' AND i.opened = w.born"
    " OR w.kind = 'budget' AND i.kind = 'budget' AND i.id > (SELECT l.inbox FROM frames l"
    " WHERE l.run_id = w.run_id ORDER BY l.frame DESC LIMIT 1)))"
)
"""Whether an open wait has its answer, or its budget was raised, and the owner is to take it."""
_RUNNING = "SELECT task, path FROM attempts WHERE run_id = ? AND state IS NULL"
_WAITS = (
    "SELECT w.node, w.path, w.kind, f.at, w.due, w.asked, w.digest, w.allowed_by, w.waits_on,"
    f" w.born, {ANSWERED} FROM waits w JOIN frames f ON f.run_id = w.run_id AND f.frame = w.born"
    " WHERE w.run_id = ? AND w.ended IS NULL AND "
    + COUNTING.format("w", "node")
    + " ORDER BY w.born, w.node, w.path"
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A node in one iteration; `path` is empty for a task in a loop that has not come up yet."""

    id: str
    kind: str
    path: tuple[int, ...]
    state: str
    error: str | None = None
    tolerated: bool = False
    """Whether it failed, or was cancelled because of a failure, and its author allows that."""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """An open wait. `opened` is the frame of its birth. One that is `answered` has its answer in
    the inbox, and nobody is waited for any more.
    """

    task: str
    path: tuple[int, ...]
    opened: int
    answered: bool
    data: Json

    @property
    def kind(self) -> str:
        kind: str = self.data["kind"]
        return kind

    @property
    def is_outside(self) -> bool:
        """Whether a person or a time ends it, not the run itself."""
        return self.kind != "data" and not self.answered


@dataclass(frozen=True, kw_only=True)
class Tree:
    """The tree of a run as it stands: kinds and children by id, and the entries of its tasks."""

    root: str | None
    kinds: dict[str, str]
    children: dict[str, list[str]]
    entries: list[Entry]
    settled: dict[tuple[str, tuple[int, ...]], Entry] = field(
        default_factory=dict[tuple[str, tuple[int, ...]], Entry]
    )
    """Containers that settled by themselves, such as a loop that failed."""
    failed: list[Entry] = field(default_factory=list[Entry])
    """The tasks and containers that failed by themselves, in document order."""

    def walk(self) -> Iterator[tuple[str, int]]:
        """The ids in document order, each with the number of loops around it. What a node had in
        another number of loops, it had before an edit moved it, and that is in the tree no more.
        """
        waiting = [] if self.root is None else [(self.root, 0)]
        while waiting:
            id, depth = waiting.pop()
            yield id, depth
            inner = depth + (self.kinds[id] == "loop")
            waiting.extend((child, inner) for child in reversed(self.children.get(id, [])))


def open_waits(db: sqlite3.Connection, head: Head) -> list[Wait]:
    """What the run waits for; nothing once it has ended."""
    if head.ended:
        return []
    return [
        Wait(
            task=task,
            path=path_of(path),
            opened=born,
            answered=bool(answered),
            data={
                "task": task or None,
                "iteration": list(path_of(path)),
                "kind": kind,
                "since": since,
                "due": due,
                "asked": asked,
                "digest": digest,
                "allowed_by": from_json(allowed_by),
                "on": from_json(on),
                "cooling": cooling(db, from_json(on)) if kind == "cooldown" else [],
            },
        )
        for (task, path, kind, since, due, asked, digest, allowed_by, on, born, answered) in (
            db.execute(_WAITS, (head.run_id,))
        )
    ]


def tree_of(db: sqlite3.Connection, head: Head, waits: list[Wait]) -> Tree:
    """The tree of a run with all its tasks, in document order and then by iteration."""
    kinds: dict[str, str] = {}
    children: dict[str, list[str]] = {}
    root: str | None = None
    for id, kind, parent in db.execute(_TREE, (head.run_id,)):
        kinds[id] = kind
        if parent is None:
            root = id
        else:
            children.setdefault(parent, []).append(id)
    running = {(task, path_of(path)) for task, path in db.execute(_RUNNING, (head.run_id,))}
    waiting = {(wait.task, wait.path) for wait in waits if not wait.answered}
    handled = {(node, path_of(path)) for node, path in db.execute(_HANDLED, (head.run_id,))}
    rows: dict[str, dict[tuple[int, ...], Entry]] = {}
    for task, path, state, error, up in db.execute(_ROWS, (head.run_id,)):
        kind = kinds.get(task)
        if kind is None or (state is None and kind not in LEAVES):
            continue
        key = (task, path_of(path))
        found = state or unsettled(head, up=bool(up), running=key in running, waits=key in waiting)
        rows.setdefault(task, {})[key[1]] = Entry(
            id=task, kind=kind, path=key[1], state=found, error=error, tolerated=key in handled
        )
    tree = Tree(root=root, kinds=kinds, children=children, entries=[])
    for id, depth in tree.walk():
        inside = (one for one in rows.get(id, {}).values() if len(one.path) == depth)
        found = sorted(inside, key=lambda one: one.path)
        tree.failed.extend(one for one in found if one.state == "failed")
        if kinds[id] in LEAVES:
            none = Entry(id=id, kind=kinds[id], path=(), state=unsettled(head, up=False))
            tree.entries.extend(found or [none])
        else:
            tree.settled.update(((id, one.path), one) for one in found)
    return tree


def unsettled(head: Head, *, up: bool, running: bool = False, waits: bool = False) -> str:
    if head.ended:
        return "skipped" if head.stored == "finished" else "cancelled"
    if not up:
        return "pending"
    return "running" if running else "waiting" if waits else "ready"


def tolerated_of(tree: Tree) -> list[str]:
    """The failures that the author allows, as they are typed."""
    return [str(Key(entry.id, entry.path)) for entry in tree.failed if entry.tolerated]
