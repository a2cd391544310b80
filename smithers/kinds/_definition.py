"""A node in its place in the tree; see `engine.mount`, which makes these."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Generic

from typing_extensions import TypeVar

from smithers.changes import Key, NodeMounted
from smithers.tree import Node
from smithers.values import dataclass

if TYPE_CHECKING:
    from smithers.kinds._kind import Kind

__all__ = ["Definition"]


N_co = TypeVar("N_co", bound=Node[Any], default=Node[Any], covariant=True)


@dataclass(eq=False, slots=True)
class Definition(Generic[N_co]):
    """A node in its place. `loops` are the ids of the loops around it, outermost first; `scope` is
    the id of the `ForEach` whose item it belongs to, or empty. Its node is an `N_co`.
    """

    node: N_co
    kind: Kind[Any]
    id: str
    key: Key
    """That of its instance if no loop is around it."""
    parent: Definition | None
    place: int
    loops: tuple[str, ...]
    scope: str
    children: tuple[Definition, ...] = ()
    named: bool = True
    item: str = ""
    """The key of its item, for the root of an item's subtree."""
    budgeted: tuple[Definition, ...] = ()
    """Those that have a budget, of it and what stands around it, innermost first."""

    def key_in(self, path: tuple[int, ...]) -> Key:
        """That of its instance in an iteration of each of its loops."""
        return Key(self.id, path) if path else self.key

    @property
    def id_before(self) -> str | None:
        """The id of the sibling that starts before it, if it is in a container with an order. A
        part that was added to a sequence belongs to the scope of the one before it.
        """
        above = self.parent
        if above is None or not self.place or not above.kind.is_ordered:
            return None
        known = self.place <= len(above.children)
        return above.children[self.place - 1].id if known else self.scope

    def walk(self) -> Iterator[Definition]:
        """This definition and all below it, in document order."""
        waiting: list[Definition] = [self]
        while waiting:
            one = waiting.pop()
            yield one
            if one.children:
                waiting.extend(reversed(one.children))

    @property
    def row(self) -> NodeMounted:
        parent = self.parent.id if self.parent else None
        return NodeMounted(id=self.id, kind=self.node.kind, parent=parent, place=self.place)
