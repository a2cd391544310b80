"""The tree of a run with its states; a container's state follows from its children's."""

from __future__ import annotations

from pathlib import Path

from smithers.reports._database import Json, reading
from smithers.reports._heads import head_of
from smithers.reports._tasks import LEAVES, Entry, Tree, open_waits, tree_of

__all__ = ["graph"]

_Path = tuple[int, ...]
_ORDER = ("failed", "running", "waiting", "ready", "pending", "cancelled")


def graph(path: Path, run_id: str) -> Json:
    """The tree as nested nodes `{"id","kind","iteration","state","children"}`; a loop's children
    are its iterations, of kind `iteration`. Raises `UnknownRun`.
    """
    with reading(path) as db:
        head = head_of(db, run_id)
        tree = tree_of(db, head, open_waits(db, head))
    root = None if tree.root is None else _Drawing(tree).node(tree.root, ())
    return {
        "version": 1,
        "run_id": run_id,
        "workflow": head.workflow,
        "status": head.status,
        "root": root,
    }


class _Drawing:
    def __init__(self, tree: Tree) -> None:
        self.tree = tree
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
        if (own := self.tree.settled.get((id, path))) is not None:
            return _drawn(id, kind, path, own.state, children, tolerated=own.tolerated)
        state = _of(children)
        if not children and (id, path) in self.tree.chosen:
            state = "finished"
        return _drawn(id, kind, path, state, children)

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
            found.append(_drawn(id, "iteration", inner, _of(children), children))
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


def _of(children: list[Json]) -> str:
    """What the children's states say of a container. A tolerated failure counts as finished, and
    what was cancelled because of it as skipped.
    """
    states = {child["state"] for child in children if not child["tolerated"]}
    allowed = {child["state"] for child in children if child["tolerated"]}
    states |= {"finished" if state == "failed" else "skipped" for state in allowed}
    if not states:
        return "pending"
    if states <= {"finished", "skipped"}:
        return "skipped" if states == {"skipped"} else "finished"
    if "finished" in states and states <= {"finished", "skipped", "pending", "ready"}:
        return "running"
    return next(state for state in _ORDER if state in states)
