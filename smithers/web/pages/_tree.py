"""The tree of a run as rows, each with its spans on one scale of time."""

from __future__ import annotations

from collections import Counter
from dataclasses import field, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from smithers import waits
from smithers.changes import Key
from smithers.shapes import ITERATION, asks_person
from smithers.texts import title_of
from smithers.values import dataclass
from smithers.web.pages._words import Mark, mark_of_task, name_of, short

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from smithers.views import GraphNode, Inspection, TaskView, WaitView

__all__ = ["MOST", "Item", "Span", "Window", "items_of", "leaves_of", "scale_s", "tree_of"]

MOST = 60
"""So many children of a group are shown at once."""
_MOST_ROWS = 600
"""So many rows are shown in all."""
_STEPS_S = (1, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400)
_LEAST = 0.5
"""So wide is a span at least, in per cent."""
_CALM = ("ok", "off", "pend")
"""The marks of what nobody has to look at."""


class Span(NamedTuple):
    """From where and how far, in per cent of the scale."""

    at: float
    width: float
    tone: str

    @property
    def end(self) -> float:
        return round(self.at + self.width, 3)


class Window(NamedTuple):
    """Which of the children of a large group are shown."""

    group: str
    start: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A row: a task with its attempts, or a group with the sums of what is in it. `hidden` are how
    many children are not shown, and `window` is the number of the first that is.
    """

    key: Key
    name: str
    kind: str
    mark: Mark
    depth: int
    is_group: bool
    tries: int = 0
    work_s: float = 0.0
    cost: Decimal | None = None
    spans: tuple[Span, ...] = ()
    done: int = 0
    total: int = 1
    is_open: bool = True
    children: tuple[Item, ...] = ()
    hidden: int = 0
    window: int = 0
    asks: bool = False
    needs: bool = False
    """Whether something in it runs, waits or has failed."""
    states: Counter[str] = field(default_factory=Counter[str])
    """How many tasks in it have each mark."""
    said: str = ""
    """Why it failed or what it waits for, in a few words."""


def scale_s(elapsed_s: float, *, grows: bool) -> float:
    """How much time the waterfall shows: for a run that continues it grows in steps, so that its
    bars stand still between them.

    >>> scale_s(42.0, grows=True), scale_s(42.0, grows=False), scale_s(100_000, grows=True)
    (60, 42.0, 172800)
    """
    if not grows:
        return max(elapsed_s, 0.001)
    day = _STEPS_S[-1]
    return next((step for step in _STEPS_S if elapsed_s <= step), (int(elapsed_s) // day + 1) * day)


class _Maker:
    def __init__(self, found: Inspection, end: datetime, scale: float) -> None:
        self.start, self.end, self.scale = found.run.created_at, end, scale
        self.tasks = {one.line.key: one for one in found.tasks}
        self.waits: dict[Key, WaitView] = {one.key: one for one in found.waits}

    def item(self, node: GraphNode, depth: int, *, is_last: bool = True) -> Item:
        if not node.children:
            return self._task(node, depth)
        last = len(node.children) - 1
        made = [
            self.item(child, depth + 1, is_last=number == last)
            for number, child in enumerate(node.children)
        ]
        costs = [one.cost for one in made if one.cost is not None]
        spans = [span for one in made for span in one.spans]
        around: tuple[Span, ...] = ()
        if spans:
            at = min(span.at for span in spans)
            around = (Span(at, max(span.end for span in spans) - at, "group"),)
        needs = any(one.needs for one in made)
        mark = mark_of_task(node.state, None)
        if any(one.asks for one in made) and node.state in ("waiting", "running", "ready"):
            mark = next(one.mark for one in made if one.asks)
        return Item(
            key=node.key,
            name=name_of(node.key),
            kind=node.kind,
            mark=mark,
            depth=depth,
            is_group=True,
            work_s=sum(one.work_s for one in made),
            cost=sum(costs, Decimal(0)) if costs else None,
            spans=around,
            done=sum(one.done for one in made),
            total=sum(one.total for one in made),
            is_open=needs or (len(made) <= 30 and (is_last or node.kind != ITERATION)),
            children=tuple(made),
            asks=any(one.asks for one in made),
            needs=needs,
            states=sum((one.states for one in made), Counter[str]()),
        )

    def _task(self, node: GraphNode, depth: int) -> Item:
        view = self.tasks.get(node.key) or self.tasks.get(Key(node.key.id))
        wait = self.waits.get(node.key)
        mark = mark_of_task(node.state, wait)
        needs, states = mark.glyph not in _CALM, Counter[str]({mark.glyph: 1})
        if view is None:
            return Item(
                key=node.key,
                name=name_of(node.key),
                kind=node.kind,
                mark=mark,
                depth=depth,
                is_group=False,
                needs=needs,
                states=states,
            )
        costs = [one.usage.cost for one in view.attempts if one.usage.cost is not None]
        return Item(
            key=node.key,
            name=name_of(node.key),
            kind=node.kind,
            mark=mark,
            depth=depth,
            is_group=False,
            tries=len(view.attempts),
            work_s=sum(
                ((one.ended_at or self.end) - one.started_at).total_seconds()
                for one in view.attempts
            ),
            cost=sum(costs, Decimal(0)) if costs else None,
            spans=tuple(self._spans(view, wait)),
            done=int(node.state in ("finished", "skipped") or node.tolerated),
            asks=wait is not None and wait.kind in waits.DECISIONS,
            needs=needs,
            states=states,
            said=_said(view, wait),
        )

    def _spans(self, view: TaskView, wait: WaitView | None) -> Iterator[Span]:
        """Its attempts, and what it waited for before, between and after them."""
        before = view.came_up
        for one in view.attempts:
            if before is not None:
                yield from self._wait(before, one.started_at)
            tone = {"running": "run", "succeeded": "ok", "failed": "bad"}.get(one.state, "cut")
            yield from self._span(one.started_at, one.ended_at or self.end, tone)
            before = one.ended_at
        is_asked = asks_person(view.line.kind)
        if wait is not None:
            tone = "ask" if wait.kind in waits.DECISIONS else "wait"
            yield from self._span(wait.since, self.end, tone)
        elif before is not None and view.settled is not None and not view.attempts:
            yield from self._wait(before, view.settled, "ask" if is_asked else "wait")

    def _wait(self, start: datetime, end: datetime, tone: str = "wait") -> Iterator[Span]:
        """A wait that is long enough to be seen."""
        if (end - start).total_seconds() >= _LEAST * self.scale / 100:
            yield from self._span(start, end, tone)

    def _span(self, start: datetime, end: datetime, tone: str) -> Iterator[Span]:
        """A span, of which that part is shown that is of this run: a fork has older ones."""
        at = 100 * (start - self.start).total_seconds() / self.scale
        until = 100 * (end - self.start).total_seconds() / self.scale
        if until <= 0 and at < 0:
            return
        at = round(min(max(at, 0.0), 100 - _LEAST), 3)
        yield Span(at, round(min(max(until - at, _LEAST), 100 - at), 3), tone)


def _said(view: TaskView, wait: WaitView | None) -> str:
    if view.line.error is not None:
        return short(view.line.error.message)
    return "" if wait is None or not wait.asked else title_of(wait.asked)


class _Pruner:
    """Leaves out rows until a tree is small enough to be shown."""

    def __init__(self, window: Window | None) -> None:
        self.window, self.left = window, _MOST_ROWS

    def shown(self, item: Item) -> Item:
        """A group with those children that are shown: of many those that need somebody, or those
        asked for; of one in which all is calm none, once there are too many rows.
        """
        if not item.is_group:
            return item
        made, start = item.children, 0
        is_asked = self.window is not None and self.window.group == str(item.key)
        if self.window is not None and is_asked:
            start = max(0, min(self.window.start, len(made) - 1))
            made = made[start : start + MOST]
        elif len(made) > MOST or (len(made) > self.left and not item.needs):
            made = tuple(one for one in made if one.needs)[: min(MOST, max(self.left, 0))]
        self.left -= len(made)
        hidden = len(item.children) - len(made)
        made = tuple(self.shown(one) for one in made)
        is_open = item.is_open or is_asked or self._is_around(made)
        return replace(item, children=made, hidden=hidden, window=start, is_open=is_open)

    def _is_around(self, items: Iterable[Item]) -> bool:
        """Whether the window is in one of the items."""
        wanted = None if self.window is None else self.window.group
        return wanted is not None and any(
            str(one.key) == wanted or self._is_around(one.children) for one in items
        )


def tree_of(
    root: GraphNode | None, found: Inspection, *, end: datetime, scale: float
) -> Item | None:
    """All rows of a run, below that of its root."""
    return None if root is None else _Maker(found, end, scale).item(root, -1)


def items_of(tree: Item | None, window: Window | None = None) -> tuple[Item, ...]:
    """The rows that are shown; the root's own only where it says something."""
    if tree is None:
        return ()
    item = _Pruner(window).shown(tree)
    return item.children if item.is_group and not item.hidden and item.children else (item,)


def leaves_of(item: Item | None) -> Iterator[Item]:
    """The tasks of a run in the order of its tree."""
    if item is None:
        return
    if not item.is_group:
        yield item
    for child in item.children:
        yield from leaves_of(child)
