"""What version 6 adds beside its SQL: the ends of containers in runs of earlier versions.

The rows of such a run do not say how a container ended, but what its tasks came to. So an end is
what the states below it say, where all of that has ended: failed before cancelled before finished,
and skipped if everything was. A tolerated failure counts as finished, and what was cancelled
because of it as skipped; in a run that finished, all failures were tolerated. The first frame of
the next owner corrects what the tree of the workflow says otherwise.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from smithers.store.rows import path_of, path_text

__all__ = ["fill_ends"]

_Path = tuple[int, ...]
_Node = tuple[str, _Path]
_End = tuple[str, int]
"""A state and the frame in which it came; -1 for what never came up before the run ended."""

_LEAVES = ("task", "step", "approval")
_RUNS = "SELECT run_id, status, max(born) FROM statuses GROUP BY run_id"
_TREE = "SELECT id, kind, parent FROM tree WHERE run_id = ? AND gone IS NULL ORDER BY place, id"
_COUNTS = (
    " AND NOT EXISTS (SELECT 1 FROM resets r WHERE r.run_id = o.run_id AND r.node = o.{0}"
    " AND r.path = o.path AND r.born > o.born)"
)
_TASKS = "SELECT task, path, state, ended FROM tasks o WHERE run_id = ?" + _COUNTS.format("task")
_HANDLED = "SELECT node, path FROM handled o WHERE run_id = ?" + _COUNTS.format("node")
_CHOICES = "SELECT node, path, kind, value, born FROM choices o WHERE run_id = ?" + _COUNTS.format(
    "node"
)
_INSERT = "INSERT INTO ends (run_id, node, path, born, state) VALUES (?, ?, ?, ?, ?)"


def fill_ends(db: sqlite3.Connection) -> None:
    """Write the ends of the containers of all runs, in the transaction at hand."""
    for run_id, status, frame in db.execute(_RUNS).fetchall():
        ends = _Run(db, run_id, status, frame).ends()
        db.executemany(
            _INSERT,
            [(run_id, id, path_text(path), born, state) for (id, path), (state, born) in ends],
        )


class _Run:
    """A run by its rows. `frame` is that in which it came to its status, and `_never` the state of
    what had not ended when the run had.
    """

    def __init__(self, db: sqlite3.Connection, run_id: str, status: str, frame: int) -> None:
        self._frame = frame
        self._finished = status == "finished"
        self._over = status in ("finished", "failed", "cancelled")
        self._never: _End = "skipped" if self._finished else "cancelled", -1
        self._kinds: dict[str, str] = {}
        self._parents: dict[str, str | None] = {}
        self._children: dict[str | None, list[str]] = {}
        for id, kind, parent in db.execute(_TREE, (run_id,)):
            self._kinds[id], self._parents[id] = kind, parent
            self._children.setdefault(parent, []).append(id)
        self._settled: dict[_Node, _End] = {}
        self._numbers: dict[_Node, set[int]] = {}
        """The iterations of each loop."""
        for id, text, state, ended in db.execute(_TASKS, (run_id,)):
            path = path_of(text)
            loops = self._loops(id) if path else []
            if len(loops) == len(path):  # else an edit moved it
                for depth, loop in enumerate(loops):
                    self._numbers.setdefault((loop, path[:depth]), set()).add(path[depth])
            if state is not None:
                self._settled[id, path] = state, ended
        handled = db.execute(_HANDLED, (run_id,))
        self._handled: set[_Node] = {(id, path_of(text)) for id, text in handled}
        self._choices: dict[tuple[_Node, str], tuple[str, int]] = {
            ((id, path_of(text)), kind): (value, born)
            for id, text, kind, value, born in db.execute(_CHOICES, (run_id,))
        }
        self._ends: dict[_Node, _End] = {}

    def ends(self) -> Iterator[tuple[_Node, _End]]:
        """The containers that have ended."""
        for root in self._children.get(None, ()):
            self._end(root, ())
            if self._finished and self._kinds[root] not in _LEAVES:
                _, born = self._ends.get((root, ()), self._never)
                self._ends[root, ()] = "finished", born if born >= 0 else self._frame
        for node, (state, born) in self._ends.items():
            if born >= 0:
                yield node, (state, born)

    def _loops(self, id: str) -> list[str]:
        """The loops around a node, outermost first."""
        found, above = list[str](), self._parents.get(id)
        while above is not None:
            if self._kinds.get(above) == "loop":
                found.insert(0, above)
            above = self._parents.get(above)
        return found

    def _end(self, id: str, path: _Path) -> _End | None:
        """The end of a node as it counts for its parent; None if it has not ended."""
        node, kind = (id, path), self._kinds[id]
        own = self._settled.get(node)
        if kind in _LEAVES:
            return self._counted(node, own)
        if kind == "loop":
            numbers = sorted(self._numbers.get(node, ()))
            below = [self._iteration(id, (*path, number)) for number in numbers]
            open_ended = not self._is_complete(node, len(numbers))
        else:
            below = [self._end(child, path) for child in self._children.get(id, ())]
            open_ended = False
        end = own or self._by_children(node, below, open_ended=open_ended)
        if end is not None:
            self._ends[node] = end
        return self._counted(node, end)

    def _iteration(self, id: str, path: _Path) -> _End | None:
        node = id, path
        below = [self._end(child, path) for child in self._children.get(id, ())]
        end = self._by_children(node, below, open_ended=(node, "until") not in self._choices)
        if end is not None:
            self._ends[node] = end
        return end

    def _is_complete(self, loop: _Node, count: int) -> bool:
        """Whether no iteration comes after these, if they ended well."""
        last = self._choices.get(((loop[0], (*loop[1], count - 1)), "until"))
        exhausted = (loop, "exhausted") in self._choices
        return last is not None and (last[0] == "true" or exhausted)

    def _by_children(
        self, node: _Node, below: Sequence[_End | None], *, open_ended: bool
    ) -> _End | None:
        """What the states below a container say of it; `open_ended` if more comes after them."""
        if not below:
            made = self._choices.get((node, "test")) or self._choices.get((node, "items"))
            if made is not None or self._finished:
                return "finished", self._frame if made is None else made[1]
            return None
        ended = [one for one in below if one is not None]
        if len(ended) < len(below):
            return None
        states = {state for state, _ in ended}
        state = next(
            (one for one in ("failed", "cancelled", "finished") if one in states), "skipped"
        )
        if state == "finished" and open_ended and not self._over:
            return None
        return state, max(frame for _, frame in ended)

    def _counted(self, node: _Node, end: _End | None) -> _End | None:
        if end is None:
            return self._never if self._over else None
        state, frame = end
        if self._finished or node in self._handled:
            state = {"failed": "finished", "cancelled": "skipped"}.get(state, state)
        return state, frame
