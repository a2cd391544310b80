"""What a run used and cost: a line for each task, agent and model, and a total that they add up to.

Everything that was paid counts, that of attempts before a reset as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smithers.values import dataclass
from smithers.views._budgets import budgets
from smithers.views._usage import Spent, spent_by_attempt

if TYPE_CHECKING:
    from smithers.views._budgets import BudgetView
    from smithers.views._snapshot import Snapshot, Status

__all__ = ["CostLine", "CostView", "view_cost"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CostLine:
    """What a task used of one model through one agent; `model` is None if it has no name."""

    task: str
    agent: str
    model: str | None
    spent: Spent


@dataclass(frozen=True, kw_only=True, slots=True)
class CostView:
    """What a run cost, and its budgets."""

    run_id: str
    status: Status
    lines: tuple[CostLine, ...]
    total: Spent
    inherited: Spent
    """What attempts spent that a fork has from its source: it is not in the lines and the total."""
    budgets: tuple[BudgetView, ...]


def view_cost(snapshot: Snapshot) -> CostView:
    """What a run cost, by task, agent and model."""
    lines: dict[tuple[str, str, str | None], Spent] = {}
    total, inherited = Spent(), Spent()
    for one in spent_by_attempt(snapshot):
        for model, spent in one.models.items():
            if one.attempt.origin is not None:
                inherited.add(spent)
                continue
            key = (one.attempt.key.id, one.attempt.agent, model)
            lines.setdefault(key, Spent()).add(spent)
            total.add(spent)
    return CostView(
        run_id=snapshot.run_id,
        status=snapshot.status,
        lines=tuple(
            CostLine(task=task, agent=agent, model=model, spent=spent)
            for (task, agent, model), spent in lines.items()
        ),
        total=total,
        inherited=inherited,
        budgets=tuple(budgets(snapshot)),
    )
