"""What a run used and cost, as text for a person."""

from __future__ import annotations

from typing import Any

from smithers.cli._board import duration
from smithers.cli._streams import table

__all__ = ["cost_table"]

_Json = dict[str, Any]


def cost_table(found: _Json) -> list[str]:
    """A line for each task, agent and model, and the total below."""
    head = ["TASK", "AGENT", "MODEL", "CALLS", "TOKENS IN", "CACHED", "OUT", "TIME", "USD"]
    rows = [[one["task"], one["agent"], one["model"] or "", *_spent(one)] for one in found["lines"]]
    return table([head, *rows, ["total", "", "", *_spent(found["total"])]])


def _spent(one: _Json) -> list[str]:
    numbers = [str(one[name]) for name in ("calls", "tokens_in", "tokens_cached", "tokens_out")]
    told = [] if one["cost_usd"] is None else [f"${one['cost_usd']:.4f}"]
    if one["untold"]:
        told.append(f"{one['untold']} not told" if told else "not told")
    return [*numbers, duration(one["time_s"]), " + ".join(told)]
