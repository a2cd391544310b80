"""The figures of a run: how long it worked, what is left of its budget, and where to look in its
history.
"""

from __future__ import annotations

from datetime import datetime
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from smithers import waits
from smithers.shapes import asks_person
from smithers.values import dataclass
from smithers.web.pages._words import NEARLY_SPENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from decimal import Decimal

    from smithers.views import BudgetView, Inspection, RunView, Tick

__all__ = ["Amount", "Times", "amounts_of", "every_ms", "marks_of", "times_of"]

_PLACES = 240
"""At most this many marks fit beside a slider."""

_Period = tuple[datetime, datetime]


class Amount(NamedTuple):
    """What is used of one measure, and how much of it is allowed, if that is limited."""

    used: float | Decimal
    cap: float | Decimal | None
    share: float
    """The part of the cap that is used, in per cent, at most 100."""
    is_spent: bool

    @property
    def tone(self) -> str:
        """That of its bar."""
        return "bad" if self.is_spent else "ask" if self.share >= NEARLY_SPENT else "use"


@dataclass(frozen=True, kw_only=True, slots=True)
class Times:
    """How a run has spent its time: `worked_s` is the sum of the work of all attempts, of which at
    most `at_once` ran at the same time. In `waited_s` none did, and in `for_people_s` of that a
    person was asked.
    """

    worked_s: float
    at_once: int
    waited_s: float
    for_people_s: float


def times_of(found: Inspection, end: datetime) -> Times:
    """How a run has spent the time up to `end`. What a fork has from its source is not counted."""
    work = [
        (one.started_at, one.ended_at or end)
        for task in found.tasks
        for one in task.attempts
        if one.origin is None
    ]
    start = found.run.created_at
    idle = _gaps(_joined(work), start, end)
    asked = _joined(_asked(found, end))
    return Times(
        worked_s=sum((stop - begin).total_seconds() for begin, stop in work),
        at_once=_at_once(work),
        waited_s=sum((stop - begin).total_seconds() for begin, stop in idle),
        for_people_s=sum(
            max(0.0, (min(stop, until) - max(begin, since)).total_seconds())
            for begin, stop in idle
            for since, until in asked
        ),
    )


def _asked(found: Inspection, end: datetime) -> Iterator[_Period]:
    """When people were asked something."""
    for wait in found.waits:
        if wait.kind in waits.DECISIONS:
            yield wait.since, end
    for task in found.tasks:
        if asks_person(task.line.kind) and task.came_up and task.settled:
            yield task.came_up, task.settled


def _joined(periods: Iterable[_Period]) -> list[_Period]:
    """The same periods, those that touch as one, in their order."""
    found: list[_Period] = []
    for start, stop in sorted(periods):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], stop))
        else:
            found.append((start, stop))
    return found


def _gaps(periods: Iterable[_Period], start: datetime, end: datetime) -> list[_Period]:
    """What is between periods that do not touch."""
    found: list[_Period] = []
    for begin, stop in periods:
        if begin > start:
            found.append((start, min(begin, end)))
        start = max(start, stop)
    return [*found, (start, end)] if start < end else found


def _at_once(periods: Iterable[_Period]) -> int:
    """How many of the periods are at the same time at most."""
    moments = [(at, step) for start, stop in periods for at, step in ((start, 1), (stop, -1))]
    return max(accumulate(step for _, step in sorted(moments)), default=0)


def amounts_of(run: RunView, budget: BudgetView | None) -> dict[str, Amount]:
    """The cost, the tokens and the calls of a run, each where there is something to tell; with a
    budget what counts for it.
    """
    found: dict[str, Amount] = {}
    tokens = run.usage.tokens_in + run.usage.tokens_out
    if run.usage.cost is not None:
        found["usd"] = Amount(run.usage.cost, None, 0.0, False)
    if tokens:
        found["tokens"] = Amount(tokens, None, 0.0, False)
    for name, cap, used in () if budget is None else budget.measures():
        share = 100.0 if not cap else min(100.0, round(100 * float(used / cap), 1))
        found[name] = Amount(used, cap, share, used >= cap)
    return found


def every_ms(tasks: int) -> int:
    """How often the page of this many tasks is fetched at most: a large one costs the server a
    second of work.

    >>> every_ms(30), every_ms(3_000), every_ms(10_000)
    (250, 2000, 5000)
    """
    return 250 if tasks < 1_000 else 2_000 if tasks < 5_000 else 5_000


class Mark(NamedTuple):
    """A place beside the slider, in per cent, and what is there, if that is more than a frame."""

    at: float
    what: str


def marks_of(ticks: Iterable[Tick], last: int) -> list[Mark]:
    """The marks of a slider: one for each frame, as long as they are apart, and those of `ticks`;
    of several at one place a failure is shown.
    """
    frames = range(last + 1) if last <= _PLACES // 4 else ()
    found = {round(_PLACES * frame / max(last, 1)): "" for frame in frames}
    for tick in ticks:
        place = round(_PLACES * tick.frame / max(last, 1))
        if found.get(place) != "failed":
            found[place] = tick.what
    return [Mark(round(100 * place / _PLACES, 2), what) for place, what in sorted(found.items())]
