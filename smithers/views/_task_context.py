"""What lies around a task of a run: the tree, what it read, and where its output goes."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from smithers.changes import Key
from smithers.values import dataclass
from smithers.views._budgets import BudgetView, budgets
from smithers.views._graph import GraphNode, graph
from smithers.views._next_work import following
from smithers.views._tasks import WaitView, open_waits
from smithers.views._usage import usage_of

if TYPE_CHECKING:
    from datetime import datetime

    from smithers.state import RunState
    from smithers.store import Parent
    from smithers.views._snapshot import Snapshot, Status

__all__ = ["TaskContext", "task_context"]

_MOST_NEXT = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskContext:
    """A run around one of its tasks. `reads` are the tasks whose outputs it used, and `readers`
    those that used its own. `following` are the tasks that come after it and have not come up, of
    which the first 100 are named; `is_open`: the author's code decides what else runs.
    """

    status: Status
    until: datetime
    """The end of what is known of the run, as in `Picture`."""
    root: GraphNode | None
    waits: tuple[WaitView, ...]
    budget: BudgetView | None
    """That of the run as a whole."""
    cost: Decimal | None
    """What the run has cost."""
    reads: tuple[Key, ...] = ()
    readers: tuple[Key, ...] = ()
    following: tuple[Key, ...] = ()
    is_open: bool = False
    parent: Parent | None = None
    models: Mapping[int, tuple[str, ...]]
    """The models of each attempt of the task, by its serial."""


def task_context(snapshot: Snapshot, key: Key) -> TaskContext:
    """The run around a task in one iteration."""
    state = snapshot.state
    came_up: dict[str, list[tuple[int, ...]]] = {}
    for one in state.came_up:
        came_up.setdefault(one.id, []).append(one.path)
    after, is_open = following(snapshot.tree, key, came_up)
    return TaskContext(
        status=snapshot.status,
        until=snapshot.known_until,
        root=graph(snapshot).root,
        waits=tuple(wait for wait in open_waits(snapshot) if not wait.answered),
        budget=next((one for one in budgets(snapshot) if not one.key.id), None),
        cost=usage_of(state.usage).cost,
        reads=tuple(sorted(state.reads.get(key, ()))),
        readers=tuple(reader for reader, sources in state.reads.items() if key in sources),
        following=tuple(_in_iteration(state, id, key.path) for id, _ in after[:_MOST_NEXT]),
        is_open=is_open,
        parent=snapshot.run.parent,
        models={
            one.serial: tuple(name for name in one.models or () if name)
            for one in state.tries.get(key, ())
        },
    )


def _in_iteration(state: RunState, id: str, path: tuple[int, ...]) -> Key:
    """A node in the same iteration of the loops that are around both."""
    return Key(id, path[: state.depth(id)])
