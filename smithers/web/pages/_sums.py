"""The tasks of a run with their marks, and what each group of its tree sums up to. A row of the
tree is made only where it is shown, so that a run of many tasks costs one look at each.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from smithers.changes import Key
from smithers.shapes import is_container
from smithers.values import dataclass
from smithers.web.pages._words import OWNER_GONE, STALLED, Mark, mark_of_task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from smithers.views import GraphNode, Picture, State, TaskView, WaitView

__all__ = ["SHOWN", "Facts", "Leaf", "Sum", "is_done"]

SHOWN: dict[str, Mark] = {
    "failed": Mark("bad", "failed"),
    "asks": Mark("ask", "waits for you"),
    "stalled": STALLED,
    "running": Mark("run", "running"),
    "waiting": Mark("wait", "waiting"),
    "finished": Mark("ok", "finished"),
    "skipped": Mark("off", "skipped"),
    "cancelled": Mark("off", "cancelled"),
    "pending": Mark("pend", "pending"),
}
"""The states by which tasks are counted, the most urgent first."""
_BY_GLYPH = {mark.glyph: name for name, mark in SHOWN.items() if mark.glyph != "off"}
_URGENT = ("failed", "asks", "stalled", "running", "waiting")


class Leaf(NamedTuple):
    """A task with its mark, and the state by which it is counted."""

    view: TaskView | None
    wait: WaitView | None
    mark: Mark
    state: str


@dataclass(slots=True)
class Sum:
    """What some tasks have used. `work_s` is the sum of their attempts, and from `start` to `end`
    the time around them.
    """

    states: Counter[str] = field(default_factory=Counter[str])
    work_s: float = 0.0
    tokens: int = 0
    cost: Decimal | None = None
    start: datetime | None = None
    end: datetime | None = None
    done: int = 0
    total: int = 0
    allowed: int = 0
    """How many have failed, as the author allows."""

    @property
    def is_urgent(self) -> bool:
        """Whether something of it runs, waits, or has failed and should not have."""
        return sum(self.states[one] for one in _URGENT) > self.allowed

    def widen(self, start: datetime, end: datetime) -> None:
        if self.start is None or start < self.start:
            self.start = start
        if self.end is None or end > self.end:
            self.end = end

    def spend(self, cost: Decimal | None, tokens: int) -> None:
        self.tokens += tokens
        if cost is not None:
            self.cost = cost if self.cost is None else self.cost + cost

    def include(self, other: Sum) -> None:
        self.states.update(other.states)
        self.work_s += other.work_s
        self.spend(other.cost, other.tokens)
        if other.start is not None and other.end is not None:
            self.widen(other.start, other.end)
        self.done += other.done
        self.total += other.total
        self.allowed += other.allowed


def is_done(node: GraphNode) -> bool:
    """Whether a node needs nothing more."""
    return node.tolerated or node.state in ("finished", "skipped")


class Facts:
    """The tasks of a run, whose open work lasts until `end`."""

    def __init__(self, drawn: Picture, end: datetime) -> None:
        self.drawn, self.end = drawn, end
        self.silent: Mapping[Key, datetime] = drawn.silent if drawn.is_silent else {}
        """The tasks whose agent is silent."""
        self.is_ownerless = drawn.found is drawn.whole and drawn.found.run.status == "stale"
        self._views = {one.line.key: one for one in drawn.found.tasks}
        self._waits: dict[Key, WaitView] = {one.key: one for one in drawn.found.waits}
        self._sums: dict[Key, Sum] = {}

    def leaf(self, node: GraphNode) -> Leaf:
        key = node.key
        view = self._views.get(key)
        if view is None and key.path:  # it came up in no iteration
            view = self._views.get(Key(key.id))
        wait = self._waits.get(key) if self._waits else None
        mark = self.mark(key, node.state, wait)
        state = "running" if mark == OWNER_GONE else _BY_GLYPH.get(mark.glyph, mark.word)
        return Leaf(view, wait, mark, state)

    def mark(self, key: Key, state: State, wait: WaitView | None) -> Mark:
        """The state of a task, which may be one that nobody has written."""
        if state == "running" and self.is_ownerless:
            return OWNER_GONE
        return STALLED if state == "running" and key in self.silent else mark_of_task(state, wait)

    def state(self, node: GraphNode) -> str:
        """The state by which a node is counted; of a group the most urgent of what is in it."""
        if not node.children:
            return self.leaf(node).state
        states = self.sum(node).states
        own = _BY_GLYPH.get(mark_of_task(node.state, None).glyph, node.state)
        if node.state in ("running", "waiting", "ready"):
            return next((one for one in _URGENT[1:] if states[one]), own)
        return own

    def sum(self, node: GraphNode) -> Sum:
        if (found := self._sums.get(node.key)) is None:
            found = Sum()
            self._add(found, node)
            if node.children:
                self._sums[node.key] = found
        return found

    def sum_of(self, nodes: Iterable[GraphNode]) -> Sum:
        found = Sum()
        for one in nodes:
            self._add(found, one)
        return found

    def leaves(self, node: GraphNode) -> Iterator[GraphNode]:
        """The tasks in the order of the tree."""
        if not node.children and not is_container(node.kind):
            yield node
        for child in node.children:
            yield from self.leaves(child)

    def _add(self, found: Sum, node: GraphNode) -> None:
        for child in node.children:
            if child.children or is_container(child.kind):
                found.include(self.sum(child))
            else:
                self._add_leaf(found, child)
        if not node.children and not is_container(node.kind):
            self._add_leaf(found, node)

    def _add_leaf(self, found: Sum, node: GraphNode) -> None:
        leaf = self.leaf(node)
        found.states[leaf.state] += 1
        found.total += 1
        found.done += is_done(node)
        found.allowed += node.tolerated and leaf.state == "failed"
        if (view := leaf.view) is None:
            return
        for one in view.attempts:
            end = one.ended_at or self.end
            found.work_s += (end - one.started_at).total_seconds()
            found.spend(one.usage.cost, one.usage.tokens_in + one.usage.tokens_out)
            found.widen(one.started_at, end)
        if view.came_up is not None and (view.attempts or leaf.wait or view.settled):
            found.widen(view.came_up, view.settled or self.end)
