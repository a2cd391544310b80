"""Which lines of a run's tree are shown where not all fit: a pure function of a board and a size.

What a person must see comes first: who waits for them, what runs, what failed, each below the
containers around it. What space is left goes to the rest of the tree from its top: children that
all fit are shown, of a sequence those around the current one, of a loop the last iterations. A
container that shows no children is one line, with its counts.

The work is proportional to the lines, not to the tasks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import field
from itertools import chain, islice, zip_longest

from smithers.changes import Key
from smithers.shapes import shape_of
from smithers.values import dataclass
from smithers.views import Board, NodeState

__all__ = ["Line", "Spot", "fold"]


@dataclass(frozen=True, slots=True)
class Spot:
    """A line's place in the tree: a node in one iteration, or the iteration of a loop itself."""

    key: Key
    is_iteration: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line to be drawn. `prefix` draws the tree before it; `is_folded` is a container of which
    not all children are shown.
    """

    spot: Spot
    prefix: str
    name: str
    is_leaf: bool
    is_folded: bool = False


@dataclass(slots=True)
class _Shown:
    """The spots that are shown, by the one above them."""

    space: int
    below: dict[Spot, dict[Spot, None]] = field(default_factory=dict[Spot, dict[Spot, None]])
    spots: set[Spot] = field(default_factory=set[Spot])

    def add(self, way: list[Spot]) -> bool:
        """Show the last of these spots, which leads there from the root, if there is space."""
        missing = [spot for spot in way if spot not in self.spots]
        if len(self.spots) + len(missing) > self.space:
            return False
        for above, spot in zip([None, *way], way, strict=False):
            if spot not in self.spots and above is not None:
                self.below.setdefault(above, {})[spot] = None
        self.spots.update(missing)
        return True


def fold(board: Board, space: int) -> tuple[list[Line], Counter[NodeState]]:
    """At most `space` lines of the tree, in its order, and the tasks that none of them is, by
    state. Without tasks that are left out, it is the whole tree.
    """
    if board.root is None:
        return [], Counter()
    root = Spot(Key(board.root))
    tree = _Tree(board)
    whole = list(islice(tree.walk(root), space + 1))
    shown = _Shown(space)
    if len(whole) <= space:
        for way in whole:
            shown.add(way)
    else:
        shown.add([root])
        _show_important(tree, shown)
        _show_rest(tree, shown, root)
    lines = list(_lines(tree, shown, root, "", ""))
    left = board.total()
    for line in lines:
        if line.is_leaf and line.spot.key in board.work:
            left[board.work[line.spot.key].node_state] -= 1
    return lines, +left


def _show_important(tree: _Tree, shown: _Shown) -> None:
    board = tree.board
    running, failed, tolerated = (
        board.tasks.get(state, ())
        for state in (NodeState("running"), NodeState("failed"), NodeState("failed", True))
    )
    fails = islice(chain(failed, tolerated), shown.space)
    waiting = islice(board.tasks.get(NodeState("waiting"), ()), shown.space)
    asking = islice(board.asking, shown.space)
    for key in chain(asking, _in_turn(running, fails, shown.space), waiting):
        shown.add(tree.way(key))


def _in_turn(first: Iterable[Key], second: Iterable[Key], most: int) -> Iterator[Key]:
    """The first of both, in turn, so that many of the one do not hide the other."""
    pairs = zip_longest(islice(first, most), islice(second, most))
    return (key for pair in pairs for key in pair if key is not None)


def _show_rest(tree: _Tree, shown: _Shown, root: Spot) -> None:
    board = tree.board
    todo: list[tuple[Spot, list[Spot]]] = [(root, [root])]
    while todo:
        spot, way = todo.pop(0)
        is_open = spot == root or spot in shown.below
        if not is_open and board.state(spot.key).is_settled:
            continue
        number = tree.child_count(spot)
        hidden = number - len(shown.below.get(spot, ()))
        free = shown.space - len(shown.spots)
        if hidden <= free:
            wanted: Iterable[Spot] = tree.children(spot)
        elif tree.is_ordered(spot):
            wanted = tree.around_current(spot, free)
        else:
            wanted = ()
        for child in wanted:
            if not shown.add([*way, child]):
                break
        todo.extend(
            (child, [*way, child])
            for child in sorted(shown.below.get(spot, ()), key=tree.order)
            if not tree.is_leaf(child)
        )


def _lines(tree: _Tree, shown: _Shown, spot: Spot, first: str, below: str) -> Iterator[Line]:
    inner = sorted(shown.below.get(spot, ()), key=tree.order)
    is_leaf = tree.is_leaf(spot)
    yield Line(
        spot=spot,
        prefix=first,
        name=tree.name(spot),
        is_leaf=is_leaf,
        is_folded=not is_leaf and len(inner) < tree.child_count(spot),
    )
    for number, child in enumerate(inner):
        here, under = ("└─ ", "   ") if number == len(inner) - 1 else ("├─ ", "│  ")
        yield from _lines(tree, shown, child, below + here, below + under)


class _Tree:
    """The tree of a board with the iterations of its loops as nodes."""

    def __init__(self, board: Board) -> None:
        self.board = board

    def is_leaf(self, spot: Spot) -> bool:
        return self.board.is_leaf(spot.key.id)

    def is_ordered(self, spot: Spot) -> bool:
        return shape_of(self.board.nodes[spot.key.id].kind).is_ordered

    def order(self, spot: Spot) -> tuple[int, tuple[int, ...]]:
        return self.board.nodes[spot.key.id].place, spot.key.path

    def child_count(self, spot: Spot) -> int:
        return len(self._numbers(spot) or self.board.children(spot.key.id))

    def children(self, spot: Spot) -> Iterator[Spot]:
        return (self.child(spot, at) for at in range(self.child_count(spot)))

    def child(self, spot: Spot, at: int) -> Spot:
        id, path = spot.key
        if numbers := self._numbers(spot):
            return Spot(Key(id, (*path, numbers[at])), is_iteration=True)
        return Spot(Key(self.board.children(id)[at], path))

    def _numbers(self, spot: Spot) -> list[int]:
        """The iterations of a loop that have begun; its body stands below it before the first."""
        return [] if spot.is_iteration else self.board.iterations.get(spot.key, [])

    def walk(self, spot: Spot, way: tuple[Spot, ...] = ()) -> Iterator[list[Spot]]:
        """The ways to all spots, in document order."""
        way = (*way, spot)
        yield list(way)
        if not self.is_leaf(spot):
            for child in self.children(spot):
                yield from self.walk(child, way)

    def way(self, key: Key) -> list[Spot]:
        """The spots from the root to a task."""
        above = [Spot(around, is_iteration) for around, is_iteration in self.board.around(key)]
        return [*reversed(above), Spot(key)]

    def around_current(self, spot: Spot, most: int) -> list[Spot]:
        """The children of a sequence around the first that has not settled, or the last iterations
        of a loop.
        """
        number = self.child_count(spot)
        low, high = 0, number
        while low < high:  # what has settled stands before what has not
            middle = (low + high) // 2
            if self.board.state(self.child(spot, middle).key).is_settled:
                low = middle + 1
            else:
                high = middle
        start = max(0, min(low - most // 2, number - most))
        shown = range(start, min(number, start + most))
        return [self.child(spot, at) for at in sorted(shown, key=lambda at: abs(at - low))]

    def name(self, spot: Spot) -> str:
        if spot.is_iteration:
            return f"iteration {spot.key.path[-1]}"
        return self.board.name(spot.key.id)
