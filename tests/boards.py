"""What a board shows, and what other views say of the same state."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from smithers.changes import Key
from smithers.shapes import is_container
from smithers.state import RunState
from smithers.store import NewRun
from smithers.views import Board, GraphNode, NodeState, Snapshot, graph, task_lines

__all__ = ["check_agrees", "facts_of"]

_NEW = NewRun(
    run_id="r1",
    workflow="flow",
    file="flow.py",
    folder="/project",
    interpreter="python",
    environment=(),
    input="{}",
    source="1",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def facts_of(board: Board) -> dict[str, Any]:
    """All that is drawn of a board, in no order."""
    containers = [Key(id) for id, node in board.nodes.items() if is_container(node.kind)]
    iterations = {key: numbers for key, numbers in board.iterations.items() if numbers}
    inside = [Key(key.id, (*key.path, number)) for key in iterations for number in iterations[key]]
    return {
        "work": board.work,
        "counts": {key: board.count(key) for key in (*containers, *inside)},
        "tasks": {state: set(keys) for state, keys in board.tasks.items() if keys},
        "states": {key: board.state(key) for key in (*containers, *inside)},
        "children": {id: board.children(id) for id in board.nodes},
        "asking": set(board.asking),
        "questions": board.questions,
        "iterations": iterations,
        "whole": (board.status, board.stopped_by, board.tokens, board.cost, board.calls),
        "budget": (board.caps, board.worked),
    }


def check_agrees(board: Board, state: RunState) -> None:
    """The states of a board are those of `graph` and of `task_lines`, for all nodes."""
    now = datetime(2026, 1, 2, tzinfo=UTC)
    snapshot = Snapshot(run=_NEW, state=state, now=now, alive=True)
    lines = {one.key: NodeState(one.state, one.tolerated) for one in task_lines(snapshot)}
    assert {key: work.node_state for key, work in board.work.items()} == lines
    root = graph(snapshot).root
    assert (None if root is None else root.key.id) == board.root
    for node in () if root is None else _nodes(root):
        assert board.state(node.key) == (node.state, node.tolerated), node.key
        assert [one.key for one in node.children] == _below(board, node), node.key


def _nodes(node: GraphNode) -> Iterator[GraphNode]:
    yield node
    for child in node.children:
        yield from _nodes(child)


def _below(board: Board, node: GraphNode) -> list[Key]:
    id, path = node.key
    if is_container(node.kind) and (numbers := board.iterations.get(node.key)):
        return [Key(id, (*path, number)) for number in numbers]
    return [Key(child, path) for child in board.children(id)]
