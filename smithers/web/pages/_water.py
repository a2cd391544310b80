"""The waterfall of a run: work and waits as spans on one scale of time."""

from __future__ import annotations

from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from smithers import waits
from smithers.shapes import asks_person
from smithers.web.pages._words import OWNER_GONE, span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from smithers.views import AttemptView, GraphNode, TaskView
    from smithers.web.pages._sums import Facts, Leaf, Sum

__all__ = ["Scale", "Span", "Tick", "Water", "scale_of"]

_STEPS_S = (
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800),
    *(3_600, 7_200, 10_800, 21_600, 43_200, 86_400),
)
_MOST_STEPS = 8
_LEAST = 0.3
"""So wide is a span at least, in per cent."""
_TONES = {"running": "run", "succeeded": "ok", "failed": "bad"}
_ENDS = {"run": "runs", "ok": "finished", "bad": "failed", "cut": "interrupted"}


class Span(NamedTuple):
    """From where and how far, in per cent of the scale, and what it is."""

    at: float
    width: float
    tone: str
    words: str
    is_later: bool = False
    """Whether it is after the frame that is shown."""

    @property
    def end(self) -> float:
        return round(self.at + self.width, 3)


class Tick(NamedTuple):
    """A line of the grid, in per cent of the scale, and its time."""

    at: float
    words: str


class Scale(NamedTuple):
    """How much time the waterfall shows, in steps."""

    step_s: float
    steps: int

    @property
    def length_s(self) -> float:
        return self.step_s * self.steps

    @property
    def ticks(self) -> list[Tick]:
        return [
            Tick(round(100 * n / self.steps, 3), _figure(n * self.step_s))
            for n in range(self.steps + 1)
        ]


def scale_of(elapsed_s: float, *, grows: bool) -> Scale:
    """The scale for so much time: of a run that continues it grows in steps, so that its bars stay
    where they are between them.

    >>> scale_of(42.0, grows=False), scale_of(0.3, grows=True).length_s
    (Scale(step_s=10, steps=5), 8)
    >>> scale_of(2_292, grows=True), scale_of(1_000_000, grows=True).length_s
    (Scale(step_s=300, steps=8), 1036800)
    """
    wanted = max(elapsed_s, float(_MOST_STEPS) if grows else 0.001)
    step = next((one for one in _STEPS_S if wanted <= _MOST_STEPS * one), None)
    if step is None:
        step = _STEPS_S[-1] * ceil(wanted / _STEPS_S[-1] / _MOST_STEPS)
    return Scale(step, max(1, ceil(wanted / step)))


def _figure(seconds: float) -> str:
    """A time below a line of the grid, without what is zero."""
    return "0" if not seconds else span(seconds).removesuffix(" 0s").removesuffix(" 0m")


class Water:
    """The spans of a run that began at `start`. `later` has those of its last frame, of which what
    is after an earlier frame is shown as well.
    """

    def __init__(
        self, facts: Facts, start: datetime, scale: Scale, later: Water | None = None
    ) -> None:
        self.facts, self.end, self.start, self.scale = facts, facts.end, start, scale
        self.later = later

    @property
    def now(self) -> float:
        """Where the present is, or the frame that is shown, in per cent."""
        return round(min(100.0, max(0.0, self._at(self.end))), 3)

    def of_group(self, nodes: Sequence[GraphNode], found: Sum) -> tuple[Span, ...]:
        """The time around some nodes, of which `found` is the sum."""
        spans = tuple(self._of_sum(found))
        if self.later is None:
            return spans
        return (*spans, *self._faded(self.later.of_group(nodes, self.later.facts.sum_of(nodes))))

    def of_task(self, node: GraphNode) -> tuple[Span, ...]:
        leaf = self.facts.leaf(node)
        spans = () if leaf.view is None else tuple(self._spans(leaf.view, leaf))
        return spans if self.later is None else (*spans, *self._faded(self.later.of_task(node)))

    def _faded(self, spans: Iterable[Span]) -> Iterator[Span]:
        """What of some spans is after the frame that is shown."""
        for one in spans:
            at = max(one.at, self.now)
            if one.at >= self.now or one.end > self.now + _LEAST:
                yield one._replace(at=at, width=round(one.end - at, 3), is_later=True)

    def _of_sum(self, found: Sum) -> Iterator[Span]:
        if found.start is None or found.end is None:
            return
        took = span((found.end - found.start).total_seconds())
        words = f"{took} from its first to its last moment"
        if found.work_s:
            words += f"; Work, {span(found.work_s)}, is the sum of its attempts"
        yield from self._span(found.start, found.end, "group", words)

    def _spans(self, view: TaskView, leaf: Leaf) -> Iterator[Span]:
        """Its attempts, and what it waited for before, between and after them."""
        before, wait = view.came_up, leaf.wait
        for one in view.attempts:
            if before is not None:
                yield from self._wait(before, one.started_at)
            yield from self._attempt(one, view, leaf)
            before = one.ended_at
        if wait is not None:
            tone = "ask" if wait.kind in waits.DECISIONS else "wait"
            yield from self._wait(wait.since, self.end, tone, least=False)
        elif before is not None and view.settled is not None and not view.attempts:
            yield from self._wait(
                before, view.settled, "ask" if asks_person(view.line.kind) else "wait"
            )

    def _attempt(self, one: AttemptView, view: TaskView, leaf: Leaf) -> Iterator[Span]:
        end, tone = one.ended_at or self.end, _TONES.get(one.state, "cut")
        if leaf.mark == OWNER_GONE and tone == "run":
            tone = "cut"
        took = span((end - one.started_at).total_seconds())
        silent = (
            self.facts.silent.get(view.line.key)
            if leaf.state == "stalled" and tone == "run"
            else None
        )
        words = f"attempt {one.number}: {_ENDS[tone]}, {took}"
        yield from self._span(one.started_at, silent or end, tone, words)
        if silent is not None:
            words = f"silent for {span((end - silent).total_seconds())}"
            yield from self._span(silent, end, "silent", words)

    def _wait(
        self, start: datetime, end: datetime, tone: str = "wait", *, least: bool = True
    ) -> Iterator[Span]:
        """A wait; unless it is open, only one that is long enough to be seen."""
        length_s = (end - start).total_seconds()
        if not least or length_s >= _LEAST * self.scale.length_s / 100:
            verb = "waited for a person" if tone == "ask" else "waited"
            yield from self._span(start, end, tone, f"{verb} {span(length_s)}")

    def _at(self, at: datetime) -> float:
        return 100 * (at - self.start).total_seconds() / self.scale.length_s

    def _span(self, start: datetime, end: datetime, tone: str, words: str) -> Iterator[Span]:
        """A span, of which that part is shown that is of this run: a fork has older ones."""
        at, until = self._at(start), self._at(end)
        if until <= 0 and at < 0:
            return
        at = round(min(max(at, 0.0), 100 - _LEAST), 3)
        yield Span(at, round(min(max(until - at, _LEAST), 100 - at), 3), tone, words)
