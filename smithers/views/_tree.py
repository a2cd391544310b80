"""The tree of a run as its rows have it, in document order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from smithers.shapes import is_container, shape_of
from smithers.values import dataclass

if TYPE_CHECKING:
    from smithers.state import RunState

__all__ = ["Tree"]


@dataclass(frozen=True)
class Tree:
    """Kinds, parents and children by id; `root` is None before the first frame."""

    root: str | None
    kinds: dict[str, str]
    parents: dict[str, str | None]
    children: dict[str, list[str]]

    @classmethod
    def of(cls, state: RunState) -> Tree:
        nodes = sorted(state.nodes.values(), key=lambda node: (node.place, node.id))
        children: dict[str, list[str]] = {}
        root = None
        for node in nodes:
            if node.parent is None:
                root = node.id
            else:
                children.setdefault(node.parent, []).append(node.id)
        return cls(
            root,
            {node.id: node.kind for node in nodes},
            {node.id: node.parent for node in nodes},
            children,
        )

    def is_leaf(self, id: str) -> bool:
        return not is_container(self.kinds[id])

    def walk(self) -> Iterator[tuple[str, int]]:
        """The ids in document order, each with the number of loops around it."""
        waiting = [] if self.root is None else [(self.root, 0)]
        while waiting:
            id, depth = waiting.pop()
            yield id, depth
            inner = depth + shape_of(self.kinds[id]).iterates
            waiting.extend((child, inner) for child in reversed(self.children.get(id, ())))

    def around(self, id: str) -> Iterator[str]:
        """The node and the containers around it, innermost first."""
        one: str | None = id
        while one is not None and one in self.kinds:
            yield one
            one = self.parents[one]
