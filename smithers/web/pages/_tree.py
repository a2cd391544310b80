"""The tree of a run as rows, each with its spans on one scale of time."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from smithers import waits
from smithers.changes import Key
from smithers.shapes import ITERATION
from smithers.values import dataclass
from smithers.web.pages._words import Mark, mark_of_task, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smithers.views import GraphNode, Inspection, TaskView, WaitView

__all__ = ["Item", "Span", "Window", "items_of", "scale_s"]

_MOST = 200
"""So many children of a group are shown at once."""
_STEPS_S = (1, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400)
_DONE = ("finished", "skipped", "pending")


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
    def __init__(
        self, found: Inspection, end: datetime, scale: float, window: Window | None
    ) -> None:
        self.start, self.end, self.scale, self.window = found.run.created_at, end, scale, window
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
        needs = any(one.mark.glyph not in ("ok", "off", "pend") for one in made)
        shown, hidden, start = self._shown(node.key, made)
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
            children=tuple(shown),
            hidden=hidden,
            window=start,
            asks=any(one.asks for one in made),
        )

    def _shown(self, key: Key, made: list[Item]) -> tuple[list[Item], int, int]:
        """The children that are shown: of many those that need somebody, or those asked for."""
        if len(made) <= _MOST:
            return made, 0, 0
        if self.window is not None and self.window.group == str(key):
            start = max(0, min(self.window.start, len(made) - 1))
            shown = made[start : start + _MOST]
            return shown, len(made) - len(shown), start
        needing = [one for one in made if one.mark.glyph not in ("ok", "off", "pend")][:_MOST]
        return needing, len(made) - len(needing), 0

    def _task(self, node: GraphNode, depth: int) -> Item:
        view = self.tasks.get(node.key) or self.tasks.get(Key(node.key.id))
        wait = self.waits.get(node.key)
        mark = mark_of_task(node.state, wait)
        if view is None:
            return Item(
                key=node.key,
                name=name_of(node.key),
                kind=node.kind,
                mark=mark,
                depth=depth,
                is_group=False,
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
        )

    def _spans(self, view: TaskView, wait: WaitView | None) -> Iterable[Span]:
        for one in view.attempts:
            tone = {"running": "run", "succeeded": "ok", "failed": "bad"}.get(one.state, "cut")
            yield self._span(one.started_at, one.ended_at or self.end, tone)
        if wait is not None:
            tone = "ask" if wait.kind in waits.DECISIONS else "wait"
            yield self._span(wait.since, self.end, tone)

    def _span(self, start: datetime, end: datetime, tone: str) -> Span:
        at = 100 * (start - self.start).total_seconds() / self.scale
        width = 100 * (end - start).total_seconds() / self.scale
        at = round(min(max(at, 0.0), 99.5), 3)
        return Span(at, round(min(max(width, 0.4), 100 - at), 3), tone)


def items_of(
    root: GraphNode | None,
    found: Inspection,
    *,
    end: datetime,
    scale: float,
    window: Window | None = None,
) -> tuple[Item, ...]:
    """The rows below the root of a run, whose own row would say nothing."""
    if root is None:
        return ()
    item = _Maker(found, end, scale, window).item(root, -1)
    return item.children if item.is_group and not item.hidden and item.children else (item,)
