"""A parallel: all children at once. After a failure nothing new starts below it."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypeVar

from smithers.kinds._container import Container
from smithers.kinds._instance import Instance
from smithers.kinds._kind import Planning
from smithers.tree import ForEach, Parallel

__all__ = ["PARALLEL", "SideBySide"]

N = TypeVar("N", bound="Parallel[Any] | ForEach[Any]", default=Any)


class SideBySide(Container[N]):
    """Children at once. It settles when all are settled."""

    is_concurrent = True
    comes_to_all = True

    def limit(self, node: N) -> int | None:
        return node.limit

    def is_tolerant(self, node: N) -> bool:
        return self.is_tolerated(node)

    def is_tolerated(self, node: N) -> bool:
        return node.on_failure == "continue"

    def open_all(self, plan: Planning, one: Instance[N]) -> None:
        """Activate the children that were made."""
        if not one.children:
            self.conclude(plan, one, "finished", max(one.settled_at, 0))
        for child in one.children:
            plan.activate(child)

    def child_settled(self, plan: Planning, one: Instance[N], child: Instance) -> None:
        if not one.open:
            self.conclude(plan, one, self.outcome(plan.state, one), one.settled_at)
        elif one.worst != "finished" and not one.stopped:
            plan.stop_later(one)

    def stop(self, plan: Planning, one: Instance[N]) -> None:
        """Nothing starts below it from now on; what runs may end, or is cancelled."""
        if one.settled or one.stopped or self.is_tolerant(one.node):
            return
        one.stopped = True
        one.dropping = one.dropping or "cancelled"
        for child in one.children:
            plan.drop(child, one.dropping, cancel=one.node.on_failure == "cancel")


class ParallelKind(SideBySide[Parallel[Any]]):
    name = "parallel"
    only_arranges = True
    can_append = reopens = True

    def appended(self, plan: Planning, one: Instance[Parallel[Any]], child: Instance) -> None:
        plan.activate(child)

    def activate(self, plan: Planning, one: Instance[Parallel[Any]]) -> None:
        plan.make_children(one, one.definition.children)
        self.open_all(plan, one)


PARALLEL = ParallelKind()
