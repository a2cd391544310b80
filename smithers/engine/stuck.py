"""Why nothing can go on: waits for data, for order and for a slot form one graph.

Called when nothing runs, nothing is ready and nobody outside is waited for. Every wait then leads
to another, so following them comes back to where it was: that circle is the author's error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from smithers.changes import Key
from smithers.engine.plan import Instance, Plan
from smithers.errors import AuthorError

__all__ = ["deadlock"]


def deadlock(plan: Plan, waiting: Mapping[Key, Sequence[Instance]]) -> AuthorError:
    """The error that names each edge of the circle and its place."""
    on = {id(one): key for key, several in waiting.items() for one in several if not one.settled}
    start = next((one for several in waiting.values() for one in several if not one.settled), None)
    trail: list[tuple[Instance, str]] = []
    seen: dict[int, int] = {}
    one = start if start is not None else plan.root
    while id(one) not in seen:
        seen[id(one)] = len(trail)
        step = _next(plan, one, on)
        if step is None:
            break
        trail.append((one, step[1]))
        one = step[0]
    ring = trail[seen.get(id(one), 0) :] or trail
    said = "\n".join(
        f"  {edge[0].key} at {edge[0].definition.node.mark.place} {edge[1]}" for edge in ring
    )
    place = ring[0][0].definition.node.mark.place if ring else plan.root.definition.node.mark.place
    return AuthorError(
        f"these nodes wait for each other in a circle:\n{said}",
        place=place,
        hint="change the order, raise the limit, or read what is settled earlier",
    )


def _next(plan: Plan, one: Instance, on: Mapping[int, Key]) -> tuple[Instance, str] | None:
    """What this instance waits for, and in which way."""
    if (key := on.get(id(one))) is not None:
        target = plan.instances.get(key) or _container(plan, key)
        return None if target is None else (target, f"waits for the output of {key}")
    if one.status == "idle":
        return _order(one)
    if one.role == "task":
        group = plan.blocker(one)
        holder = None if group is None else _begun(group)
        return None if holder is None else (holder, f"waits for the slot that {holder.key} holds")
    inner = next((child for child in one.children if child.status == "up"), None)
    return None if inner is None else (inner, f"ends with {inner.key}")


def _container(plan: Plan, key: Key) -> Instance | None:
    """The nearest instance around a node that has not come up: what is begun above it."""
    for length in range(len(key.path), -1, -1):
        if (found := plan.instances.get(Key(key.id, key.path[:length]))) is not None:
            return found
    above = [one for one in plan.instances.values() if _holds(one, key.id) and not one.settled]
    return max(above, key=lambda one: len(one.path) * 1000 + len(one.key.id), default=None)


def _holds(one: Instance, id: str) -> bool:
    return any(below.id == id for below in one.definition.walk())


def _order(one: Instance) -> tuple[Instance, str] | None:
    parent = one.parent
    if parent is None:
        return None
    if parent.status == "up" and parent.role in ("sequence", "iteration"):
        earlier = next((child for child in parent.children if not child.settled), None)
        if earlier is not None and earlier is not one:
            return earlier, f"stands after {earlier.key}"
    return parent, f"stands in {parent.key}"


def _begun(group: Instance) -> Instance | None:
    return next((child for child in group.children if child.begun and not child.settled), None)
