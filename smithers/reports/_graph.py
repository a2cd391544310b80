"""The tree of a run with the states of its tasks and containers."""

from __future__ import annotations

from pathlib import Path

from smithers.reports._database import Json, reading
from smithers.reports._heads import head_of
from smithers.reports._tasks import LEAVES, Entry, Tree, open_waits, tree_of, unsettled
from smithers.store.rows import path_of

__all__ = ["graph"]

_Path = tuple[int, ...]
_ENDS = "SELECT node, path, state FROM ends WHERE run_id = ? AND gone IS NULL"


def graph(path: Path, run_id: str) -> Json:
    """The tree as nested nodes `{"id","kind","iteration","state","children"}`; a loop's children
    are its iterations, of kind `iteration`. Raises `UnknownRun`.
    """
    with reading(path) as db:
        head = head_of(db, run_id)
        tree = tree_of(db, head, open_waits(db, head))
        ends = {(id, path_of(path)): state for id, path, state in db.execute(_ENDS, (run_id,))}
    never = unsettled(head, up=False) if head.ended else None
    root = None if tree.root is None else _Drawing(tree, ends, never).node(tree.root, ())
    return {
        "version": 1,
        "run_id": run_id,
        "workflow": head.workflow,
        "status": head.status,
        "root": root,
    }


class _Drawing:
    """`ends` are the states of the containers that have ended, and `never` is that of all others
    once the run has ended.
    """

    def __init__(self, tree: Tree, ends: dict[tuple[str, _Path], str], never: str | None) -> None:
        self.tree = tree
        self.ends = ends
        self.never = never
        self.entries: dict[str, list[Entry]] = {}
        for entry in tree.entries:
            self.entries.setdefault(entry.id, []).append(entry)

    def node(self, id: str, path: _Path) -> Json:
        kind = self.tree.kinds[id]
        if kind in LEAVES:
            return self._leaf(id, kind, path)
        below = self.tree.children.get(id, [])
        if kind == "loop":
            children = self._iterations(id, below, path)
        else:
            children = [self.node(child, path) for child in below]
        return self._container(id, kind, path, children)

    def _container(self, id: str, kind: str, path: _Path, children: list[Json]) -> Json:
        state = self.ends.get((id, path))
        if state is None:
            return _drawn(id, kind, path, self.never or _open(children), children)
        own = None if kind == "iteration" else self.tree.settled.get((id, path))
        tolerated = _is_tolerated(state, children) if own is None else own.tolerated
        return _drawn(id, kind, path, state, children, tolerated=tolerated)

    def _leaf(self, id: str, kind: str, path: _Path) -> Json:
        entries = self.entries.get(id, [])
        found = next((entry for entry in entries if entry.path == path), None)
        # A task that has no row in this iteration, in a run that has ended, came up in none after.
        found = found or next((entry for entry in entries if entry.path == ()), None)
        if found is None:
            return _drawn(id, kind, path, "pending", [])
        return _drawn(id, kind, path, found.state, [], tolerated=found.tolerated)

    def _iterations(self, id: str, below: list[str], path: _Path) -> list[Json]:
        """The iterations of a loop that began, or its body once if none has."""
        depth = len(path)
        numbers = {
            entry.path[depth]
            for leaf in self._leaves(id)
            for entry in self.entries.get(leaf, [])
            if len(entry.path) > depth and entry.path[:depth] == path
        }
        if not numbers:
            return [self.node(child, path) for child in below]
        found: list[Json] = []
        for number in sorted(numbers):
            inner = (*path, number)
            children = [self.node(child, inner) for child in below]
            found.append(self._container(id, "iteration", inner, children))
        return found

    def _leaves(self, id: str) -> list[str]:
        waiting, found = [id], list[str]()
        while waiting:
            one = waiting.pop()
            found.append(one)
            waiting.extend(self.tree.children.get(one, []))
        return found


def _drawn(
    id: str, kind: str, path: _Path, state: str, children: list[Json], *, tolerated: bool = False
) -> Json:
    return {
        "id": id,
        "kind": kind,
        "iteration": list(path),
        "state": state,
        "tolerated": tolerated,
        "children": children,
    }


def _is_tolerated(state: str, children: list[Json]) -> bool:
    """Whether the author allows the failure of a container that failed by its children."""
    bad = [child["tolerated"] for child in children if child["state"] in ("failed", "cancelled")]
    return state in ("failed", "cancelled") and bool(bad) and all(bad)


def _open(children: list[Json]) -> str:
    """What the children's states say of a container that has not ended."""
    states = {child["state"] for child in children}
    for state in ("running", "waiting"):
        if state in states:
            return state
    to_come = [state for state in ("ready", "pending") if state in states]
    has_begun = not states <= {"ready", "pending", "skipped"}
    if has_begun or (states and not to_come):
        return "running"
    return to_come[0] if to_come else "pending"
