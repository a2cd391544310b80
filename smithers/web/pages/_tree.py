"""The tree of a run as rows. Where many siblings are finished or pending they are one row, and of a
large group a part is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from smithers.changes import Key
from smithers.shapes import ITERATION, is_container
from smithers.values import dataclass
from smithers.web.pages._row_words import (
    Says,
    group_says,
    group_words,
    is_beside,
    leaf_says,
    leaf_words,
    node_name,
)
from smithers.web.pages._sums import SHOWN, Facts, Sum
from smithers.web.pages._words import Mark

if TYPE_CHECKING:
    from smithers.views import GraphNode
    from smithers.web.pages._water import Span, Water

__all__ = ["MOST", "Rest", "Row", "Window", "flat_rows", "rows_of"]

MOST = 60
"""At most this many rows of a large group are shown at once."""
_WHOLE = 200
"""A group with more is large."""
_MOST_ROWS, _MOST_FOLDED = 600, 240
"""At most this many rows are in a page, and this many below a closed group."""
_BIG, _MOST_ROWS_OF_BIG = 2_000, _WHOLE + 1
"""Of a run with more tasks there are fewer rows: one group that is not large has room."""
_MOST_OPEN = 12
"""A group in which nothing happens is closed if it has more."""
_MANY = 6
"""From this many siblings on, those of one state are folded."""
_FOLDED = ("finished", "skipped", "cancelled", "pending")
_URGENCY = {name: number for number, name in enumerate(SHOWN)}


class Window(NamedTuple):
    """The group that is to be open, and from where on it is shown if it is large; and one that is
    to be closed.
    """

    group: str | None = None
    start: int = 0
    shut: str | None = None


class Place(NamedTuple):
    """Where a row is: `position` of `size` among its siblings, and whether all groups around it are
    open.
    """

    level: int
    position: int
    size: int
    is_shown: bool = True
    parent: GraphNode | None = None


class _Fold(NamedTuple):
    """Siblings in one state."""

    id: str
    state: str
    parent: GraphNode
    nodes: tuple[GraphNode, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A task, a group, or siblings that are folded."""

    id: str
    key: Key | None
    name: str
    words: str
    """What it does, or why it does not."""
    says: Says
    mark: Mark
    sum: Sum
    spans: tuple[Span, ...]
    place: Place
    is_group: bool = False
    is_fold: bool = False
    is_open: bool = False
    is_far: bool = False
    """Whether it is a group whose rows are not in the page."""
    tally: tuple[tuple[str, str, int], ...] = ()
    """How many tasks of it are in which state: the glyph, the word, and the number."""


class Rest(NamedTuple):
    """That a large group has more rows: of which group, and what is shown of it."""

    group: str
    start: int
    shown: int
    size: int
    level: int
    is_shown: bool

    @property
    def before(self) -> int | None:
        """Where the rows before begin."""
        return max(0, self.start - MOST) if self.start else None

    @property
    def after(self) -> int | None:
        end = self.start + self.shown
        return end if end < self.size else None


def rows_of(
    root: GraphNode | None, facts: Facts, water: Water, window: Window
) -> tuple[Row | Rest, ...]:
    """The rows of a run; that of its root only where it is the only one."""
    if root is None:
        return ()
    made = _Rows(facts, water, window, root)
    entries = made.entries(root)
    made.emit(str(root.key), entries if root.children else (root,), Place(1, 1, 1, True, root))
    return tuple(made.found)


def flat_rows(nodes: Iterable[GraphNode], facts: Facts, water: Water) -> list[Row]:
    """Tasks without what is around them."""
    found = list(nodes)
    made = _Rows(facts, water, Window(), None)
    return [made.leaf(node, Place(1, n, len(found))) for n, node in enumerate(found, 1)]


class _Rows:
    def __init__(self, facts: Facts, water: Water, window: Window, root: GraphNode | None) -> None:
        self.facts, self.water, self.window = facts, water, window
        self.found: list[Row | Rest] = []
        is_big = len(facts.drawn.found.tasks) > _BIG
        self.left = _MOST_ROWS_OF_BIG if is_big else _MOST_ROWS
        self.left_folded = _MOST_FOLDED
        self.around: set[Key] = set()
        if window.group is not None and root is not None:
            names = {window.group, window.group.partition(" ")[2]}
            self._look_for(names, root)

    def _look_for(self, names: set[str], node: GraphNode) -> bool:
        """Note all that is around the group that is to be open."""
        found = str(node.key) in names
        for child in node.children:
            found = self._look_for(names, child) or found
        if found:
            self.around.add(node.key)
        return found

    def entries(self, node: GraphNode) -> Sequence[GraphNode | _Fold]:
        """What is below a group: in the last iteration of a loop, behind the earlier ones."""
        *earlier, last = node.children or (node,)
        if last.kind == ITERATION:
            return (*self._folded(node, earlier), *self.entries(last))
        if is_beside(node.kind):
            return self._folded(node, node.children)
        return node.children

    def _folded(self, parent: GraphNode, nodes: Sequence[GraphNode]) -> Sequence[GraphNode | _Fold]:
        if len(nodes) < _MANY:
            return nodes
        by: dict[str, list[GraphNode]] = {}
        for one in nodes:
            state = self.facts.state(one)
            is_calm = state in _FOLDED and not (one.children and self.facts.sum(one).is_urgent)
            by.setdefault(state if is_calm else "", []).append(one)
        folds = {
            state: _Fold(f"{state} {parent.key}", state, parent, tuple(found))
            for state, found in by.items()
            if state and 1 < len(found) < len(nodes)
        }
        if not folds:
            return nodes
        rest = [one for state, found in by.items() if state not in folds for one in found]
        if len(rest) > _WHOLE:
            rest.sort(key=lambda one: _URGENCY[self.facts.state(one)])
        elif len(by) - len(folds) > 1:  # in their order
            kept = {id(one) for one in rest}
            rest = [one for one in nodes if id(one) in kept]
        first = [folds[state] for state in _FOLDED[:1] if state in folds]
        last = [folds[state] for state in _FOLDED[1:] if state in folds]
        return (*first, *rest, *last) if len(rest) <= _WHOLE else (*rest, *first, *last)

    def emit(self, group: str, entries: Sequence[GraphNode | _Fold], first: Place) -> None:
        """Add the rows of a group, of which the first has this place."""
        nodes = [one for one in entries if not isinstance(one, _Fold)]
        start, shown, rest = 0, entries, list[_Fold]()
        if len(nodes) > _WHOLE:
            start = self.window.start if self.window.group == group else 0
            start = min(start, len(nodes) - 1)
            shown = nodes[start : start + MOST]
            rest = [one for one in entries if isinstance(one, _Fold)]
        place = first._replace(size=len(entries))
        for position, one in enumerate(shown, start + 1):
            self._add(one, place._replace(position=position))
        if len(nodes) > _WHOLE:
            level, is_shown = first.level, first.is_shown
            self.found.append(Rest(group, start, len(shown), len(nodes), level, is_shown))
        for position, one in enumerate(rest, len(nodes) + 1):
            self._add(one, place._replace(position=position))

    def _add(self, one: GraphNode | _Fold, place: Place) -> None:
        self.left -= 1
        self.left_folded -= not place.is_shown
        if not isinstance(one, _Fold) and not one.children:
            self.found.append(self.leaf(one, place))
            return
        inner: Sequence[GraphNode | _Fold]
        if isinstance(one, _Fold):
            row, inner, parent = self._fold(one, place), one.nodes, one.parent
        else:
            inner, parent = self.entries(one), one
            row = self._group(one, inner, place)
        self.found.append(row)
        if not row.is_far:
            is_shown = place.is_shown and row.is_open
            self.emit(row.id, inner, Place(place.level + 1, 1, 1, is_shown, parent))

    def leaf(self, node: GraphNode, place: Place) -> Row:
        leaf = self.facts.leaf(node)
        return Row(
            id=str(node.key),
            key=None if is_container(node.kind) else node.key,
            name=node_name(node, place.parent),
            words=leaf_words(node, leaf, self.facts.drawn),
            says=leaf_says(node, leaf, self.facts),
            mark=leaf.mark,
            sum=self.facts.sum(node),
            spans=self.water.of_task(node),
            place=place,
        )

    def _group(self, node: GraphNode, inner: Sequence[GraphNode | _Fold], place: Place) -> Row:
        found, state, id = self.facts.sum(node), self.facts.state(node), str(node.key)
        mark = SHOWN.get(state, SHOWN["pending"])
        is_calm = len(inner) <= _MOST_OPEN and state == "finished" and node.kind != ITERATION
        is_open = self._is_open(id, found.is_urgent or is_calm, node.key in self.around)
        is_far = not self._fits(inner, place.is_shown and is_open)
        states = Counter(map(self.facts.state, node.children) if is_beside(node.kind) else ())
        return Row(
            id=id,
            key=None,
            name=node_name(node, place.parent),
            words=group_words(node, self.facts),
            says=group_says(node, mark),
            mark=mark,
            sum=found,
            spans=self.water.of_group((node,), found),
            place=place,
            is_group=True,
            is_open=is_open and not is_far,
            is_far=is_far,
            tally=_tally(states),
        )

    def _fold(self, fold: _Fold, place: Place) -> Row:
        found, mark = self.facts.sum_of(fold.nodes), SHOWN[fold.state]
        is_open = self._is_open(fold.id, False, any(one.key in self.around for one in fold.nodes))
        is_far = not self._fits(fold.nodes, place.is_shown and is_open)
        return Row(
            id=fold.id,
            key=None,
            name=f"{len(fold.nodes):,} {fold.state}",
            words=_names(fold.nodes, fold.parent),
            says=Says(mark, ""),  # its name has it
            mark=mark,
            sum=found,
            spans=self.water.of_group(fold.nodes, found),
            place=place,
            is_group=True,
            is_fold=True,
            is_open=is_open and not is_far,
            is_far=is_far,
        )

    def _is_open(self, id: str, by_itself: bool, is_around: bool) -> bool:
        return id != self.window.shut and (by_itself or is_around or id == self.window.group)

    def _fits(self, inner: Sequence[GraphNode | _Fold], is_shown: bool) -> bool:
        """Whether the page has room for the rows of a group."""
        many = len(inner)
        if is_shown:
            return (MOST if many > _WHOLE else many) <= self.left
        return many <= min(MOST, self.left, self.left_folded)


def _tally(states: Counter[str]) -> tuple[tuple[str, str, int], ...]:
    """How many are in which state, if they are in more than one."""
    names = [name for name in dict.fromkeys(("finished", *SHOWN)) if states[name]]
    if len(names) < 2:
        return ()
    return tuple((SHOWN[name].glyph, SHOWN[name].word, states[name]) for name in names)


def _names(nodes: Sequence[GraphNode], parent: GraphNode) -> str:
    """The names of siblings, or of the first and the last.

    >>> from smithers.views import GraphNode
    >>> nodes = [GraphNode(key=Key(str(n)), kind="step", state="finished", tolerated=False)
    ...     for n in range(9)]
    >>> _names(nodes[:2], nodes[0]), _names(nodes, nodes[0])
    ('0, 1', '0 to 8')
    """
    if len(nodes) <= 5:
        return ", ".join(node_name(one, parent) for one in nodes)
    return f"{node_name(nodes[0], parent)} to {node_name(nodes[-1], parent)}"
