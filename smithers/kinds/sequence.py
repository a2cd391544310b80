"""A sequence: one child after the other. The first that fails ends it; the rest is cancelled.

Its `then` gives it one more child at a time. Each is a part, a container whose choice `items` says
whether there is such a child: where one has another that follows it, that is added to the sequence,
so that the tree grows in length and not in depth.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as ListLike
from itertools import islice
from typing import Any, cast

from typing_extensions import TypeVar

from smithers.changes import Key
from smithers.kinds._called import Called
from smithers.kinds._container import Container
from smithers.kinds._definition import Definition
from smithers.kinds._instance import Instance
from smithers.kinds._kind import Asking, Planning
from smithers.state import RunState
from smithers.tree import Node, Part, Sequence

__all__ = ["GROWING", "PART", "SEQUENCE", "Ordered"]

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

    def open_again(self, one: Instance[N], places: Iterable[int]) -> ListLike[int]:
        """All that have come up since."""
        return range(min(places), one.next)

    def reopened(self, plan: Planning, one: Instance[N], places: ListLike[int]) -> None:
        one.next = places[0]
        self.advance(plan, one)

    def _fail(self, plan: Planning, one: Instance[N]) -> None:
        one.dropping = "cancelled"
        for child in islice(one.children, one.next, None):  # dropping one may add the next
            plan.drop(child, "cancelled", cancel=False)
        if not one.open:
            self.conclude(plan, one, one.worst, one.settled_at)


class SequenceKind(Ordered[Sequence[Any]]):
    name = "sequence"
    only_arranges = True
    comes_to_all = True
    can_append = reopens = True

    def end(self, plan: Planning, one: Instance[Sequence[Any]]) -> None:
        self.conclude(plan, one, "finished", one.settled_at)


class GrowingKind(SequenceKind):
    """The same, with a `then`."""

    chooses = True  # in its parts, whose ids are made from its own
    grows = True
    stays = can_append = reopens = False  # its `then` has what was read around it

    def split_part(self, node: Sequence[Any]) -> tuple[Node[Any], Part | None]:
        return node.split()

    def may_expand(self, state: RunState, definition: Definition[Sequence[Any]]) -> bool:
        first = definition.children[-1]
        return first.kind.may_expand(state, first)

    def may_make(self, state: RunState, one: Instance[Sequence[Any]], id: str) -> bool:
        if one.settled or not one.children:
            return not one.settled
        last = one.children[-1]
        return not last.settled and not last.children


class PartKind(Ordered[Part]):
    """What a `then` gave, or nothing."""

    name = "part"
    expands = True
    is_alone = False
    made_from = "next part"
    comes_to_all = True
    reads_when_asked = True

    def callables(self, node: Part) -> Iterator[Called]:
        yield Called("then", node.make)
        yield from super().callables(node)

    def activate(self, plan: Planning, one: Instance[Part]) -> None:
        self.chosen(plan, one)

    def chosen(self, plan: Planning, one: Instance[Part]) -> None:
        choice = plan.state.choices.get((one.key, "items"))
        if choice is None or one.key in plan.state.ended:
            plan.ask(one, one)
            return
        if not one.children:
            subtrees = plan.expand(one)
            if subtrees is None:  # after an edit, it reads what is not settled
                plan.expand_later(one)
                return
            self._add(plan, one, subtrees)
        one.settled_at = max(one.settled_at, choice.frame)
        self.advance(plan, one)

    def end(self, plan: Planning, one: Instance[Part]) -> None:
        plan.mark(one, "finished", one.settled_at)

    def make_below(self, plan: Planning, one: Instance[Part]) -> None:
        if not one.children and self.can_expand(plan.state, one):
            self._add(plan, one, plan.expand(one) or ())

    def _add(self, plan: Planning, one: Instance[Part], subtrees: ListLike[Definition]) -> None:
        """Its child if it has one, and below the sequence the part that follows, if one does."""
        plan.make_children(one, subtrees[:1])
        for part in subtrees[1:]:
            assert one.parent is not None
            plan.add_child(one.parent, part, Key(part.id, one.path), part.kind)

    def is_complete(self, state: RunState, one: Instance[Part]) -> bool:
        return (one.key, "items") in state.choices

    def can_expand(self, state: RunState, one: Instance[Part]) -> bool:
        return (one.key, "items") in state.choices

    def subtree(self, node: Part, value: object) -> Node[Any]:
        maker, made = cast("tuple[Part, Node[Any]]", value)
        again = None if maker is node else node.make()
        return made if again is None else again

    def resolve(self, asking: Asking, one: Instance[Part]) -> bool:
        asking.make_items(one)
        return False


SEQUENCE = SequenceKind()
GROWING = GrowingKind()
PART = PartKind()
