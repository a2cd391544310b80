"""The state of a container, or of an iteration of a loop, from its own end and its children."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from smithers.changes import ENDED
from smithers.views._tasks import NodeState, is_tolerated, unsettled

if TYPE_CHECKING:
    from smithers.changes import Key
    from smithers.state import RunState
    from smithers.views._tasks import State

__all__ = ["container_state"]


def container_state(
    state: RunState, key: Key, children: Collection[NodeState], *, is_iteration: bool
) -> NodeState:
    """The state of a container. `children` are the states that its children have; how many are in
    each does not matter. Where a run has ended before its root, by an error of its own or by a
    deadline, the end of the run is that of the root.
    """
    end = state.ends.get(key)
    if end is None:
        status = state.run_status
        if status not in ENDED:
            return NodeState(_open_state(children))
        is_root = not is_iteration and state.nodes[key.id].parent is None
        return NodeState("failed" if is_root and status == "failed" else unsettled(status))
    if not is_iteration and key in state.ended:  # it failed by itself
        return NodeState(end.outcome, is_tolerated(state, key))
    if not is_iteration and is_tolerated(state, key):  # it continued without what failed below it
        return NodeState(end.outcome, tolerated=True)
    bad = [child.tolerated for child in children if child.is_bad]
    own = NodeState(end.outcome, bool(bad) and all(bad))
    return own if own.is_bad else NodeState(end.outcome)


def _open_state(children: Collection[NodeState]) -> State:
    """What its children say of a container that has not ended."""
    found = {child.state for child in children}
    if "running" in found:
        return "running"
    if "waiting" in found:
        return "waiting"
    if not found <= {"ready", "pending", "skipped"} or found == {"skipped"}:
        return "running"
    return "ready" if "ready" in found else "pending"
