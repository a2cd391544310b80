"""What a run used and cost, as text for a person."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from smithers.cli._streams import table
from smithers.naming import key_name
from smithers.views import BudgetView, CostView, Spent
from smithers.words import duration

__all__ = ["cost_table"]


def cost_table(found: CostView) -> list[str]:
    """A line for each task, agent and model, and the total below; then the budgets."""
    head = ["TASK", "AGENT", "MODEL", "CALLS", "TOKENS IN", "CACHED", "OUT", "TIME", "USD"]
    rows = [[one.task, one.agent, one.model or "", *_spent(one.spent)] for one in found.lines]
    rows.append(["total", "", "", *_spent(found.total)])
    if found.inherited != Spent():
        rows.append(["inherited", "", "", *_spent(found.inherited)])
    lines = table([head, *rows])
    if found.budgets:
        lines += ["", *_budgets(found.budgets)]
    return lines


def _budgets(budgets: Sequence[BudgetView]) -> list[str]:
    rows = [["BUDGET OF", "MEASURE", "USED", "CAP", "RAISED BY", "LEFT"]]
    for budget in budgets:
        name = key_name(budget.key)
        for measure, cap, used in budget.measures():
            left = "none" if used >= cap else _number(cap - used)
            added = getattr(budget.raised, measure)
            raised = _number(added) if added else ""
            rows.append([name, _MEASURES[measure], _number(used), _number(cap), raised, left])
    return table(rows)


def _number(value: Decimal | float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4f}".rstrip("0").rstrip(".")


def _spent(one: Spent) -> list[str]:
    numbers = [str(one.calls), str(one.tokens_in), str(one.tokens_cached), str(one.tokens_out)]
    told = [] if one.cost is None else [f"${one.cost:.4f}"]
    if one.untold:
        told.append(f"{one.untold} not reported" if told else "not reported")
    return [*numbers, duration(one.time_ms / 1000), " + ".join(told)]


_MEASURES = {"tokens": "tokens", "usd": "US dollars", "calls": "calls", "time_s": "seconds"}
