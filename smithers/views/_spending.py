"""What all runs of a database have used in a period: by day, workflow, agent and run.

An attempt counts on the UTC day of its start. What a fork has from its source was paid there, and
what a child run used is its own: the run that waits for it has it in its own line only, which so
equals `smithers cost RUN`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from smithers.values import dataclass
from smithers.views._usage import Spent, spent_by_model

if TYPE_CHECKING:
    from smithers.state import Total

__all__ = ["AttemptUse", "SpendingLine", "SpendingView", "view_spending"]

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptUse:
    """An attempt, and what it used by model. `is_child`: it is that of a child run."""

    run_id: str
    workflow: str
    day: str
    agent: str
    is_call: bool
    is_child: bool
    models: dict[str | None, Total]


@dataclass(frozen=True, kw_only=True, slots=True)
class SpendingLine:
    """What one day, workflow, agent or run used. `detail` is the model of an agent, if it has a
    name, and the workflow of a run.
    """

    name: str
    spent: Spent
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SpendingView:
    """What was used. The days are in order and only those with attempts; in the other lists what
    cost most is first. `number` is how many runs used anything, and `runs` has only the first ones.
    """

    days: tuple[SpendingLine, ...]
    workflows: tuple[SpendingLine, ...]
    agents: tuple[SpendingLine, ...]
    runs: tuple[SpendingLine, ...]
    number: int
    total: Spent


def view_spending(attempts: Iterable[AttemptUse], *, most_runs: int) -> SpendingView:
    """What these attempts used."""
    days: dict[str, Spent] = {}
    workflows: dict[str, Spent] = {}
    agents: dict[tuple[str, str], Spent] = {}
    runs: dict[tuple[str, str], Spent] = {}
    total = Spent()
    for one in attempts:
        for model, spent in spent_by_model(one.models, is_call=one.is_call).items():
            _of(runs, (one.run_id, one.workflow)).add(spent)
            if one.is_child:
                continue
            _of(days, one.day).add(spent)
            _of(workflows, one.workflow).add(spent)
            _of(agents, (one.agent, model or "")).add(spent)
            total.add(spent)
    return SpendingView(
        days=tuple(SpendingLine(name=day, spent=spent) for day, spent in sorted(days.items())),
        workflows=_lines({(name, ""): spent for name, spent in workflows.items()}),
        agents=_lines(agents),
        runs=_lines(runs)[:most_runs],
        number=len(runs),
        total=total,
    )


def _of(found: dict[K, Spent], key: K) -> Spent:
    spent = found.get(key)
    if spent is None:
        spent = found[key] = Spent()
    return spent


def _lines(found: Mapping[tuple[str, str], Spent]) -> tuple[SpendingLine, ...]:
    """What cost most first, and then what used most tokens."""

    def order(line: SpendingLine) -> tuple[Decimal, int, str, str]:
        spent = line.spent
        used = spent.tokens_in + spent.tokens_out
        return -(spent.cost or Decimal(0)), -used, line.name, line.detail

    lines = [
        SpendingLine(name=name, detail=detail, spent=spent)
        for (name, detail), spent in found.items()
    ]
    return tuple(sorted(lines, key=order))
