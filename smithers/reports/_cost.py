"""What a run used and cost: a line for each task, agent and model, and a total that they add up to.

Everything that was paid counts, that of attempts before a reset as well.
"""

from __future__ import annotations

from pathlib import Path

from smithers.reports._budgets import budgets_of
from smithers.reports._database import Json, reading
from smithers.reports._heads import head_of
from smithers.reports._spent import Spent, spent_by_attempt

__all__ = ["cost"]


def cost(path: Path, run_id: str) -> Json:
    """What a run cost, by task, agent and model. Raises `UnknownRun`."""
    with reading(path) as db:
        head = head_of(db, run_id)
        lines: dict[tuple[str, str, str | None], Spent] = {}
        total = Spent()
        for attempt in spent_by_attempt(db, head):
            for model, spent in attempt.models.items():
                lines.setdefault((attempt.task, attempt.agent, model), Spent()).add(spent)
                total.add(spent)
        budgets = [budget.data for budget in budgets_of(db, head)]
    return {
        "version": 1,
        "run_id": run_id,
        "status": head.status,
        "lines": [
            {"task": task, "agent": agent, "model": model, **spent.data}
            for (task, agent, model), spent in lines.items()
        ],
        "total": total.data,
        "budgets": budgets,
    }
