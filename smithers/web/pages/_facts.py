"""The figures of a run: how long it worked, what is left of its budget, and where to look in its
history.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from smithers.views import BudgetView, RunView, TaskView, Tick

__all__ = ["Amount", "amounts_of", "every_ms", "marks_of", "worked_s"]

_PLACES = 240
"""So many marks fit beside a slider."""


class Amount(NamedTuple):
    """What is used of one measure, and how much of it is allowed, if that is limited."""

    used: float | Decimal
    cap: float | Decimal | None
    share: float
    """The part of the cap that is used, in per cent, at most 100."""
    is_spent: bool


def worked_s(tasks: Iterable[TaskView], end: datetime) -> float:
    """For how long at least one attempt of the run was at work; the rest of its time it waited."""
    spans = sorted(
        (one.started_at, one.ended_at or end)
        for task in tasks
        for one in task.attempts
        if one.origin is None
    )
    total, until = 0.0, None
    for start, stop in spans:
        begin = start if until is None else max(start, until)
        if stop > begin:
            total += (stop - begin).total_seconds()
        until = stop if until is None else max(until, stop)
    return total


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
    """How often the page of so many tasks is fetched again at most: a large one costs the server a
    second of work.

    >>> every_ms(30), every_ms(3_000), every_ms(10_000)
    (250, 2000, 5000)
    """
    return 250 if tasks < 1_000 else 2_000 if tasks < 5_000 else 5_000


class Mark(NamedTuple):
    """A place beside the slider, in per cent, and what is there."""

    at: float
    what: str


def marks_of(ticks: Iterable[Tick], last: int) -> list[Mark]:
    """The marks of a slider; of several at one place a failure is shown."""
    found: dict[int, str] = {}
    for tick in ticks:
        place = round(_PLACES * tick.frame / max(last, 1))
        if found.get(place) != "failed":
            found[place] = tick.what
    return [Mark(round(100 * place / _PLACES, 2), what) for place, what in sorted(found.items())]
