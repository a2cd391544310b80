"""What a run used and cost, as text for a person."""

from __future__ import annotations

from typing import Any

from smithers.changes import Key
from smithers.cli._streams import table
from smithers.cli._words import duration
from smithers.naming import key_name

__all__ = ["cost_table"]

_Json = dict[str, Any]


def cost_table(found: _Json) -> list[str]:
    """A line for each task, agent and model, and the total below; then the budgets."""
    head = ["TASK", "AGENT", "MODEL", "CALLS", "TOKENS IN", "CACHED", "OUT", "TIME", "USD"]
    rows = [[one["task"], one["agent"], one["model"] or "", *_spent(one)] for one in found["lines"]]
    lines = table([head, *rows, ["total", "", "", *_spent(found["total"])]])
    if found["budgets"]:
        lines += ["", *_budgets(found["budgets"])]
    return lines


def _budgets(budgets: list[_Json]) -> list[str]:
    rows = [["BUDGET OF", "MEASURE", "USED", "CAP", "RAISED BY", "LEFT"]]
    for budget in budgets:
        name = key_name(Key(budget["task"] or "", tuple(budget["iteration"])))
        for one in budget["measures"]:
            left = "none" if one["left"] <= 0 else _number(one["left"])
            raised = _number(one["raised_by"]) if one["raised_by"] else ""
            used, cap = _number(one["used"]), _number(one["cap"])
            rows.append([name, _MEASURES[one["measure"]], used, cap, raised, left])
    return table(rows)


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4f}".rstrip("0").rstrip(".")


def _spent(one: _Json) -> list[str]:
    numbers = [str(one[name]) for name in ("calls", "tokens_in", "tokens_cached", "tokens_out")]
    told = [] if one["cost_usd"] is None else [f"${one['cost_usd']:.4f}"]
    if one["untold"]:
        told.append(f"{one['untold']} not reported" if told else "not reported")
    return [*numbers, duration(one["time_s"]), " + ".join(told)]


_MEASURES = {"tokens": "tokens", "usd": "US dollars", "calls": "calls", "time_s": "seconds"}
