"""The tree of a run with the state of each node in each iteration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from smithers.changes import Key
from smithers.shapes import ITERATION, shape_of
from smithers.values import dataclass
from smithers.views._containers import container_state
from smithers.views._tasks import NodeState, task_lines, unsettled

if TYPE_CHECKING:
    from smithers.views._snapshot import Snapshot, Status
    from smithers.views._tasks import State, TaskLine

__all__ = ["GraphNode", "GraphView", "graph"]


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphNode:
    """A node in one iteration; the children of a loop are its iterations, of kind `iteration`."""

    key: Key
    kind: str
    state: State
    tolerated: bool
    cached: str | None = None
    """The run from which a task has its answer, if it did not ask its agent."""
    children: tuple[GraphNode, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class GraphView:
    run_id: str
    workflow: str
    status: Status
    root: GraphNode | None


def graph(snapshot: Snapshot, lines: Iterable[TaskLine] | None = None) -> GraphView:
    """The whole tree; `root` is None before the first frame. `lines` are the `task_lines` of the
    run, if they are known.
    """
    lines = task_lines(snapshot) if lines is None else lines
    root = snapshot.tree.root
    return GraphView(
        run_id=snapshot.run_id,
        workflow=snapshot.run.workflow,
        status=snapshot.status,
        root=None if root is None else _Drawing(snapshot, lines).node(root, ()),
    )


class _Drawing:
    def __init__(self, snapshot: Snapshot, lines: Iterable[TaskLine]) -> None:
        self.state, self.tree = snapshot.state, snapshot.tree
        self.lines: dict[Key, TaskLine] = {}
        self.iterations: dict[Key, set[int]] = {}
        for line in lines:
            self.lines[line.key] = line
            self._note_iterations(line.key)

    def _note_iterations(self, key: Key) -> None:
        path = key.path
        for id in self.tree.around(key.id) if path else ():
            if id != key.id and shape_of(self.tree.kinds[id]).iterates and path:
                self.iterations.setdefault(Key(id, path[:-1]), set()).add(path[-1])
                path = path[:-1]

    def node(self, id: str, path: tuple[int, ...]) -> GraphNode:
        kind, key = self.tree.kinds[id], Key(id, path)
        if self.tree.is_leaf(id):
            return self._leaf(key, kind)
        inner = self.tree.children.get(id, ())
        numbers = sorted(self.iterations.get(key, ())) if shape_of(kind).iterates else ()
        if numbers:
            children = [self._iteration(id, (*path, number)) for number in numbers]
        else:
            children = [self.node(child, path) for child in inner]
        return self._container(key, kind, children)

    def _iteration(self, id: str, path: tuple[int, ...]) -> GraphNode:
        children = [self.node(child, path) for child in self.tree.children.get(id, ())]
        return self._container(Key(id, path), ITERATION, children)

    def _leaf(self, key: Key, kind: str) -> GraphNode:
        # A task that came up in no iteration has one line, without a path.
        line = self.lines.get(key) or self.lines.get(Key(key.id))
        if line is None:
            state = unsettled(self.state.run_status)
            return GraphNode(key=key, kind=kind, state=state, tolerated=False)
        return GraphNode(
            key=key, kind=kind, state=line.state, tolerated=line.tolerated, cached=line.cached
        )

    def _container(self, key: Key, kind: str, children: list[GraphNode]) -> GraphNode:
        states = {NodeState(child.state, child.tolerated) for child in children}
        found = container_state(self.state, key, states, is_iteration=kind == ITERATION)
        return GraphNode(
            key=key,
            kind=kind,
            state=found.state,
            tolerated=found.tolerated,
            children=tuple(children),
        )
