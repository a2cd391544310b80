"""Why nothing can go on: waits for data, for order and for a slot form one graph.

Called when nothing runs, nothing is ready and nobody outside is waited for. Every wait then leads
to another, so following them comes back to where it was: that circle is the author's error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from smithers.changes import Key
from smithers.engine.plan import Plan
from smithers.errors import AuthorError, Place
from smithers.kinds import Instance
from smithers.naming import key_name
from smithers.tree import Node

__all__ = ["deadlock"]


class _Edge(NamedTuple):
    """What an instance waits for, and in which way."""

    to: Instance
    why: str


def deadlock(plan: Plan, waiting: Mapping[Key, Iterable[Instance]]) -> AuthorError:
    """The error that names each edge of the circle and its place."""
    on = {id(one): key for key, several in waiting.items() for one in several if not one.settled}
    # The plan makes instances in document order, whichever thread was the first to wait.
    one = next((each for each in plan.instances.values() if id(each) in on), None)
    trail: list[tuple[Instance, str]] = []
    seen: dict[int, int] = {}
    one = plan.root if one is None else one
    while id(one) not in seen and (edge := _edge(plan, one, on)) is not None:
        seen[id(one)] = len(trail)
        trail.append((one, edge.why))
        one = edge.to
    ring = trail[seen.get(id(one), 0) :]
    said = "\n".join(f"  {key_name(each.key)} at {_place(each)} {why}" for each, why in ring)
    return AuthorError(
        f"these nodes wait for each other in a circle:\n{said}",
        place=_place(ring[0][0] if ring else plan.root),
        hint="change the order, raise the limit, or read a task that settles earlier",
    )


def _place(one: Instance[Node[Any]]) -> Place:
    return one.node.mark.place


def _edge(plan: Plan, one: Instance, on: Mapping[int, Key]) -> _Edge | None:
    if (key := on.get(id(one))) is not None:
        return _data(plan, one, key)
    if one.status == "idle":
        return _order(one)
    if one.kind.is_task:
        return _slot(plan, one)
    inner = next((child for child in one.children if child.status == "up"), None)
    return None if inner is None else _Edge(inner, f"ends with {key_name(inner.key)}")


def _data(plan: Plan, one: Instance, key: Key) -> _Edge | None:
    why = f"waits for the output of {key_name(key)}"
    for need, words in one.kind.needs(one.node):
        if need == key.id:
            why = words.replace(repr(need), key_name(key))
            break
    if (found := plan.instances.get(key)) is not None:
        return _Edge(found, why)
    around = _around(plan, key)
    return (
        None if around is None else _Edge(around, f"{why}, which is inside {key_name(around.key)}")
    )


def _around(plan: Plan, key: Key) -> Instance | None:
    """The innermost instance around a node that has none itself, as nothing below it came up."""
    around = [
        one
        for one in plan.instances.values()
        if one.path == key.path[: len(one.path)]
        and any(below.id == key.id for below in one.definition.walk())
    ]
    return max(around, key=_depth, default=None)


def _depth(one: Instance) -> int:
    return 0 if one.parent is None else 1 + _depth(one.parent)


def _order(one: Instance) -> _Edge | None:
    parent = one.parent
    if parent is None:
        return None
    if parent.status == "up" and parent.kind.is_ordered:
        earlier = next((child for child in parent.children if not child.settled), one)
        if earlier is not one:
            return _Edge(earlier, f"comes after {key_name(earlier.key)}")
    return _Edge(parent, f"is inside {key_name(parent.key)}")


def _slot(plan: Plan, one: Instance) -> _Edge | None:
    if (group := plan.blocker(one)) is None:
        return None
    holders = (child for child in group.children if child.begun and not child.settled)
    holder = next(holders, None)
    if holder is None:
        return None
    return _Edge(
        holder, f"waits for the slot in {key_name(group.key)} that {key_name(holder.key)} holds"
    )
