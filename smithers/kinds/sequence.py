"""A sequence: one child after the other. The first that fails ends it; the rest is cancelled."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from typing_extensions import TypeVar

from smithers.kinds._container import Container
from smithers.kinds._instance import Instance
from smithers.kinds._kind import Planning
from smithers.tree import Node, Sequence

__all__ = ["SEQUENCE", "Ordered"]

N = TypeVar("N", bound=Node[Any], default=Any)


class Ordered(Container[N]):
    """Children one after the other, known when it is activated."""

    is_ordered = True

    @abstractmethod
    def end(self, plan: Planning, one: Instance[N]) -> None:
        """All children ended well."""

    def activate(self, plan: Planning, one: Instance[N]) -> None:
        plan.make_children(one, one.definition.children)
        self.advance(plan, one)

    def child_settled(self, plan: Planning, one: Instance[N], child: Instance) -> None:
        if one.dropping is not None:
            self.settle_by_children(plan, one)
        elif one.worst != "finished":
            self._fail(plan, one)
        else:
            self.advance(plan, one)

    def advance(self, plan: Planning, one: Instance[N]) -> None:
        """Activate the next child; children that the state has ended settle at once, in a row."""
        if one.next < len(one.children):
            child = one.children[one.next]
            one.next += 1
            plan.activate(child)
        elif not one.open:
            self.end(plan, one)

    def _fail(self, plan: Planning, one: Instance[N]) -> None:
        one.dropping = "cancelled"
        for child in one.children[one.next :]:
            plan.drop(child, "cancelled", cancel=False)
        if not one.open:
            self.conclude(plan, one, one.worst, one.settled_at)


class SequenceKind(Ordered[Sequence[Any]]):
    name = "sequence"
    only_arranges = True
    can_append = True

    def end(self, plan: Planning, one: Instance[Sequence[Any]]) -> None:
        self.conclude(plan, one, "finished", one.settled_at)


SEQUENCE = SequenceKind()
