"""Where the boxes and the lines of a graph are: what runs in order is below each other, the rest
side by side; a curve goes from a task to what read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import east_asian_width

from smithers.values import dataclass
from smithers.web.pages._row_words import is_beside
from smithers.web.pages._words import Mark

if TYPE_CHECKING:
    from smithers.changes import Key
    from smithers.views import GraphNode

__all__ = ["Box", "Curve", "Drawing", "Item", "draw"]

_ROW, _HEAD, _PAD = 28, 30, 10
_DOWN, _BESIDE = 22, 10
_MOST_WIDTH = 1_100
"""What is side by side goes to the next row from there on."""
_MOST_NAME, _MOST_CURVES = 30, 400
_MOST_BEND = 80.0
_NARROW, _BROAD, _WIDE = 7.9, 11.0, 13.5
"""Pixels that a letter takes at most, on average."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A task, or a group with those of its items that are shown; `hidden` is how many are not."""

    key: Key
    name: str
    kind: str
    mark: Mark
    depth: int
    done: int = 0
    total: int = 0
    is_group: bool = False
    children: tuple[Item, ...] = ()
    hidden: int = 0


@dataclass(frozen=True, kw_only=True)
class Box:
    """A task, or a group around others; `name` is cut to fit."""

    item: Item
    name: str
    about: str
    x: float
    y: float
    width: float
    height: float


class Curve(NamedTuple):
    """From a task to one that read it, as the path of an SVG."""

    path: str
    about: str


class Step(NamedTuple):
    """From a box down to the next."""

    x: float
    y: float
    until: float


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """All of a picture; the groups are before what is in them."""

    boxes: Sequence[Box]
    steps: Sequence[Step]
    curves: Sequence[Curve]
    width: float
    height: float
    hidden_curves: int


def draw(
    root: GraphNode | None,
    items: tuple[Item, ...],
    kind: str,
    reads: Mapping[Key, Iterable[Key]],
) -> Drawing:
    """The picture of the `items` that are shown of the tree of a run."""
    pen = _Pen()
    width, height = pen.place(items, kind, 1.0, 1.0)
    curves = list(_curves(pen.boxes, _holders(root, items), reads))
    return Drawing(
        boxes=pen.boxes,
        steps=pen.steps,
        curves=curves[:_MOST_CURVES],
        width=round(width + (_MOST_BEND if curves else 2), 1),
        height=round(height + 2, 1),
        hidden_curves=max(0, len(curves) - _MOST_CURVES),
    )


class _Pen:
    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.steps: list[Step] = []

    def place(self, items: tuple[Item, ...], kind: str, x: float, y: float) -> tuple[float, float]:
        """Place items from a corner on; the corner that is opposite."""
        right = at_x = x
        bottom = at_y = y
        beside = len(items) > 1 and is_beside(kind)
        for number, item in enumerate(items):
            if beside and number and at_x + _size(item)[0] > _MOST_WIDTH:
                at_x, at_y = x, bottom + _BESIDE
            if not beside and number:
                self.steps.append(Step(at_x + 18, bottom, bottom + _DOWN))
                at_y = bottom + _DOWN
            width, height = self._box(item, at_x, at_y)
            right, bottom = max(right, at_x + width), max(bottom, at_y + height)
            if beside:
                at_x += width + _BESIDE
        return right, bottom

    def _box(self, item: Item, x: float, y: float) -> tuple[float, float]:
        width, height = _size(item)
        at = len(self.boxes)
        if item.is_group:
            right, bottom = x + width, y + _HEAD
            if item.children:
                inner = self.place(item.children, item.kind, x + _PAD, y + _HEAD)
                right, bottom = max(right, inner[0] + _PAD), inner[1] + _PAD
            width, height = right - x, bottom - y + (22 if item.hidden else 0)
        name = _cut(item.name)
        box = Box(
            item=item,
            name=name,
            about=_about(item),
            x=round(x, 1),
            y=round(y, 1),
            width=round(width, 1),
            height=round(height, 1),
        )
        self.boxes.insert(at, box)
        return width, height


def _about(item: Item) -> str:
    return f"{item.kind} {item.done:,}/{item.total:,}" if item.is_group else item.kind


def _size(item: Item) -> tuple[float, float]:
    """How large the box of a task is, or the head of a group."""
    return 46 + _length(_cut(item.name)) + 0.92 * _length(_about(item)), float(_ROW)


def _length(text: str) -> float:
    return sum(
        _WIDE if east_asian_width(letter) in "WF" else _BROAD if letter in "mwMW" else _NARROW
        for letter in text
    )


def _cut(name: str) -> str:
    """A long name without its middle: its tail tells it from others."""
    return name if len(name) <= _MOST_NAME else f"{name[: _MOST_NAME - 9]}…{name[-8:]}"


def _holders(root: GraphNode | None, items: Iterable[Item]) -> dict[Key, tuple[Key, str]]:
    """For each task the box that has it: its own, or that of the group in which it is folded."""
    shown = set(_shown(items))
    found: dict[Key, tuple[Key, str]] = {}

    def walk(node: GraphNode, holder: tuple[Key, str] | None) -> None:
        own = (node.key, node.kind)
        holder = own if own in shown else holder
        if not node.children and holder is not None:
            found[node.key] = holder
        for child in node.children:
            walk(child, holder)

    if root is not None:
        walk(root, None)
    return found


def _shown(items: Iterable[Item]) -> Iterator[tuple[Key, str]]:
    for item in items:
        yield item.key, item.kind
        yield from _shown(item.children)


def _curves(
    boxes: Sequence[Box],
    holders: Mapping[Key, tuple[Key, str]],
    reads: Mapping[Key, Iterable[Key]],
) -> Iterator[Curve]:
    by_key = {(box.item.key, box.item.kind): box for box in boxes}
    seen: set[tuple[int, int]] = set()
    crowded = _crowded(boxes)
    for reader, sources in reads.items():
        for source in sources:
            if reader not in holders or source not in holders:
                continue
            start, end = by_key[holders[source]], by_key[holders[reader]]
            if start is end or (id(start), id(end)) in seen:
                continue
            seen.add((id(start), id(end)))
            is_free = not {id(start), id(end)} & crowded
            yield Curve(_path(start, end, is_free), f"{end.name} reads {start.name}")


def _path(start: Box, end: Box, has_free_side: bool) -> str:
    """An arc on the right of what is below each other; else down, or from side to side."""
    if has_free_side:
        x, y = start.x + start.width, start.y + start.height / 2
        to_x, to_y = end.x + end.width + 2, end.y + end.height / 2
        bend = max(x, to_x) + min(_MOST_BEND, 16 + abs(to_y - y) / 8)
        turns = (bend, y, bend, to_y)
    elif end.y >= start.y + start.height:
        x, y = start.x + start.width * 0.7, start.y + start.height
        to_x, to_y = end.x + end.width * 0.7, end.y - 2
        bend = max(14.0, (to_y - y) / 2)
        turns = (x, y + bend, to_x, to_y - bend)
    else:
        x, y = start.x + start.width, start.y + start.height / 2
        to_x, to_y = end.x - 2, end.y + end.height / 2
        turns = (x + 24, y, to_x - 24, to_y)
    at = " ".join(f"{number:.1f}" for number in (*turns, to_x, to_y))
    return f"M{x:.1f} {y:.1f}C{at}"


def _crowded(boxes: Sequence[Box]) -> set[int]:
    """The boxes that have another one of their row on the right."""
    last: dict[float, Box] = {}
    found: set[int] = set()
    for box in boxes:
        if box.item.is_group:
            continue
        before = last.get(box.y)
        if before is not None:
            found |= {id(before), id(box)}
        last[box.y] = box
    return found
