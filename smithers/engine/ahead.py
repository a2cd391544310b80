"""What a render reads of what something was put before: such a part of the tree is planned alone,
by its rows, as if all before it had settled.

So the tree keeps what was made by what has ended, and each owner of the run makes the same tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smithers.changes import ChoiceKind
from smithers.engine.plan import Plan
from smithers.kinds import Definition, Instance
from smithers.state import RunState

__all__ = ["find_put_off", "plan_alone", "whole"]

_Path = tuple[int, ...]


_GIVEN: tuple[ChoiceKind, ...] = ("items", "result")


class _Alone(Plan):
    """A plan of a part. Nobody runs its flows: one has ended if the state has what it gave."""

    def step_later(self, one: Instance) -> None:
        chosen = self.state.choices.get((one.key, "result"))
        if chosen is not None:
            self.mark(one, "finished", chosen.frame)


def find_put_off(plan: Plan, definition: Definition[Any], path: _Path) -> Plan | None:
    """The highest part around a node, or the node, that the plan has not come to, in a plan of its
    own that is not started; None if nothing there can have ended.
    """
    if not _may_have_ended(plan.state, definition, path):
        return None
    around: list[Definition[Any]] = []
    above: Definition[Any] | None = definition
    while above is not None and above is not plan.root.definition:
        around.append(above)
        above = above.parent
    is_put_off = False
    for one in reversed(around):
        if len(one.loops) > len(path):
            return None
        found = None if is_put_off else plan.instances.get(one.key_in(path[: len(one.loops)]))
        if found is not None and found.settled:
            return None
        is_put_off = is_put_off or found is None or found.waits_for_order
        if is_put_off and one.kind.is_alone:
            return _alone(plan, one, path)
    return None


def whole(plan: Plan) -> Iterator[Plan]:
    """A plan, and those of all parts that are put off in it, and in which something has ended."""
    yield plan
    waiting = [plan.root]
    while waiting:
        one = waiting.pop()
        if not one.waits_for_order or not one.kind.is_alone:
            waiting += one.children
        elif any(_has_row(plan.state, below, one.path) for below in one.definition.walk()):
            yield from whole(plan_alone(plan, one.definition, one.path))


def plan_alone(plan: Plan, one: Definition[Any], path: _Path = ()) -> Plan:
    """A plan of a part of the tree, as if all before it had settled."""
    made = _alone(plan, one, path)
    made.start()
    return made


def _alone(plan: Plan, one: Definition[Any], path: _Path) -> Plan:
    return _Alone(one, plan.state, plan.expander, key=one.key_in(path[: len(one.loops)]))


def _may_have_ended(state: RunState, one: Definition[Any], path: _Path) -> bool:
    """Whether what comes first in it has: renders read much that has not begun, at little cost."""
    while one.children:
        one = one.children[0]
    return _has_row(state, one, path)


def _has_row(state: RunState, leaf: Definition[Any], path: _Path) -> bool:
    """Whether it has ended, or has items, or what a flow gave."""
    if len(leaf.loops) > len(path):
        return leaf.kind.expands or bool(state.ended_in_loops.get(leaf.id))
    key = leaf.key_in(path[: len(leaf.loops)])
    return key in state.ended or any((key, kind) in state.choices for kind in _GIVEN)
