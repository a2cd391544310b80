"""What tasks would cost, by what they cost in earlier runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from smithers.values import dataclass

if TYPE_CHECKING:
    from smithers.views._cost import CostView

__all__ = ["Estimate", "Spread", "Wanted", "estimate"]


class Wanted(NamedTuple):
    """How often an agent would be asked for a task of a workflow."""

    workflow: str
    task: str
    agent: str
    times: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """US dollars: what the cheapest, the middle and the dearest of `runs` earlier runs say."""

    low: Decimal
    middle: Decimal
    high: Decimal
    runs: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """What the calls that are `wanted` would cost. `lines` has a spread for each of them, or None
    if no earlier run of the workflow says it. `models` are those that did the work then. `total` is
    of the lines that are known.
    """

    wanted: tuple[Wanted, ...]
    lines: tuple[Spread | None, ...]
    models: tuple[tuple[str, ...], ...]
    total: Spread | None


class _History:
    """What one call has cost in each earlier run, and the models, by the workflow, task and agent;
    without a task, by the workflow and agent.
    """

    def __init__(self, costs: Iterable[tuple[str, CostView]]) -> None:
        self._calls: dict[tuple[str, ...], list[Decimal]] = {}
        self._models: dict[tuple[str, ...], dict[str, None]] = {}
        for workflow, cost in costs:
            self._add(workflow, cost)

    def _add(self, workflow: str, cost: CostView) -> None:
        sums: dict[tuple[str, ...], tuple[Decimal, int]] = {}
        for line in cost.lines:
            for place in ((workflow, line.task, line.agent), (workflow, line.agent)):
                if line.model is not None:
                    self._models.setdefault(place, {})[line.model] = None
                if line.spent.cost is not None:
                    usd, calls = sums.get(place, (Decimal(0), 0))
                    sums[place] = (usd + line.spent.cost, calls + line.spent.calls)
        for at, (usd, calls) in sums.items():
            self._calls.setdefault(at, []).append(usd / max(calls, 1))

    def find(self, one: Wanted) -> tuple[Spread | None, tuple[str, ...]]:
        """Of the task, or else of all tasks of its agent: ids of tasks may come from data."""
        by_task, by_agent = (one.workflow, one.task, one.agent), (one.workflow, one.agent)
        at = by_task if by_task in self._calls else by_agent
        models = tuple(self._models.get(at, ()))
        if (calls := self._calls.get(at)) is None:
            return None, models
        low, middle, high = (one.times * usd for usd in (min(calls), median(calls), max(calls)))
        return Spread(low=low, middle=middle, high=high, runs=len(calls)), models


def estimate(wanted: Sequence[Wanted], costs: Iterable[tuple[str, CostView]]) -> Estimate:
    """What these calls would cost by earlier runs, each given with the name of its workflow."""
    history = _History(costs)
    found = [history.find(one) for one in wanted]
    known = [spread for spread, _ in found if spread is not None]
    return Estimate(
        wanted=tuple(wanted),
        lines=tuple(spread for spread, _ in found),
        models=tuple(models for _, models in found),
        total=None if not known else _sum(known),
    )


def _sum(spreads: Sequence[Spread]) -> Spread:
    return Spread(
        low=sum((one.low for one in spreads), Decimal(0)),
        middle=sum((one.middle for one in spreads), Decimal(0)),
        high=sum((one.high for one in spreads), Decimal(0)),
        runs=max(one.runs for one in spreads),
    )
