"""Which nodes of a failed run run again when it is resumed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from smithers.changes import Key
from smithers.engine.plan import Instance, Plan
from smithers.state import RunState
from smithers.tree import ForEach, Loop, PersonWork, Task

__all__ = ["runs_again"]


def runs_again(plan: Plan, state: RunState) -> list[Key]:
    """What failed, and what was cancelled because of it; nothing that is finished.

    A decided approval stays decided, an exhausted loop goes on only if its bound was raised, and
    failures that the author tolerates stay as they are.
    """
    return [
        one.key
        for one in plan.instances.values()
        if one.key in state.ended and one.role != "iteration" and _again(one, state)
    ]


def _again(one: Instance, state: RunState) -> bool:
    ended = state.ended[one.key]
    if ended.outcome == "cancelled":
        return True
    if ended.outcome != "failed" or not one.failing or _tolerated(one):
        return False
    node = one.definition.node
    if isinstance(node, Task) and isinstance(node.work, PersonWork):
        return ended.error is None or ended.error.kind not in ("Denied", "TimedOut")
    if isinstance(node, Loop) and ended.error is not None and ended.error.kind == "LoopExhausted":
        done = sum(key.id == one.key.id and kind == "until" for key, kind in state.choices)
        return node.max_iterations > done
    return True


def _tolerated(one: Instance) -> bool:
    return any(
        isinstance(node := above.definition.node, ForEach)
        and cast("ForEach[object]", node).on_failure == "continue"
        for above in _above(one)
    )


def _above(one: Instance) -> Iterator[Instance]:
    parent = one.parent
    while parent is not None:
        yield parent
        parent = parent.parent
