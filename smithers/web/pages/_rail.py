"""The tree of a run as a short list around one of its tasks."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from smithers.changes import Key
from smithers.naming import node_name
from smithers.shapes import ITERATION
from smithers.web.pages._words import Mark, link_of, link_to_group, mark_of_task, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from smithers.views import GraphNode, WaitView

__all__ = ["Place", "Rail", "find_group", "rail_of"]

_ALL, _NEAR, _MOST_URGENT = 14, 3, 8
"""Up to 14 children are all shown; of more those beside the path, and 8 that need somebody."""
_CALM = ("ok", "off", "pend")


class Place(NamedTuple):
    """A row of the list: a node, or how many others there are in a state."""

    name: str
    mark: Mark
    depth: int
    link: str
    is_here: bool = False


class Rail(NamedTuple):
    """The rows, and how many of all tasks need nothing more."""

    places: list[Place]
    done: int
    total: int


def rail_of(run: str, root: GraphNode | None, key: Key, waits: Mapping[Key, WaitView]) -> Rail:
    """The nodes on the way to a task, each with what is beside it."""
    if root is None:
        return Rail([], 0, 0)
    leaves = [*_leaves(root)]
    done = sum(one.tolerated or one.state in ("finished", "skipped") for one in leaves)
    places = list(_Rail(run, _path_to(root, key), waits).rows())
    return Rail(places, done, len(leaves))


def _leaves(node: GraphNode) -> Iterator[GraphNode]:
    if not node.children:
        yield node
    for child in node.children:
        yield from _leaves(child)


def _name(node: GraphNode) -> str:
    """What a node is called among those around it: a group without a name by its kind."""
    if node.kind == ITERATION:
        return f"iteration {node.key.path[-1]}"
    return name_of(node.key) if node_name(node.key.id) == node.key.id else node.kind


def find_group(root: GraphNode | None, name: str) -> Key | None:
    """The group that is named, as its id or in one iteration."""
    if root is None or not root.children:
        return None
    if name in (str(root.key), root.key.id):
        return root.key
    return next((found for one in root.children if (found := find_group(one, name))), None)


def _path_to(node: GraphNode, key: Key) -> list[GraphNode]:
    """The nodes from one down to a task, both included; none if it is not below."""
    if not node.children:
        return [node] if key in (node.key, Key(node.key.id)) else []
    for child in node.children:
        if found := _path_to(child, key):
            return [node, *found]
    return []


class _Rail:
    def __init__(self, run: str, path: Sequence[GraphNode], waits: Mapping[Key, WaitView]) -> None:
        self.run, self.path, self.waits = run, path, waits

    def rows(self, level: int = 0) -> Iterator[Place]:
        """The children of a node of the path, with those of the next one below it."""
        if level + 1 >= len(self.path):
            if self.path and level == 0:  # the run is a single task
                yield self._row(self.path[0], 0)
            return
        inner = self.path[level].children
        shown = self._shown(inner, self.path[level + 1])
        for number in sorted(shown):
            yield self._row(inner[number], level)
            if inner[number] is self.path[level + 1]:
                yield from self.rows(level + 1)
        rest = Counter(self._mark(one) for number, one in enumerate(inner) if number not in shown)
        link = link_to_group(self.run, self.path[level].key)
        for mark, number in rest.most_common():
            yield Place(f"{number:,} {mark.word}", mark, level, link)

    def _shown(self, inner: Sequence[GraphNode], on_path: GraphNode) -> set[int]:
        if len(inner) <= _ALL:
            return set(range(len(inner)))
        at = next(number for number, one in enumerate(inner) if one is on_path)
        shown = set(range(max(0, at - _NEAR), min(len(inner), at + _NEAR + 1)))
        urgent = (n for n, one in enumerate(inner) if self._mark(one).glyph not in _CALM)
        return shown | {number for number, _ in zip(urgent, range(_MOST_URGENT), strict=False)}

    def _mark(self, node: GraphNode) -> Mark:
        """The state of a node; a group that waits has that of the question in it, if any."""
        mark = mark_of_task(node.state, self.waits.get(node.key))
        if not node.children or mark.glyph != "wait":
            return mark
        inner = map(self._mark, _leaves(node))
        return next((one for one in inner if one.glyph == "ask"), mark)

    def _row(self, node: GraphNode, depth: int) -> Place:
        is_group = bool(node.children)
        link = link_to_group if is_group else link_of
        is_here = node is self.path[-1]
        return Place(_name(node), self._mark(node), depth, link(self.run, node.key), is_here)
