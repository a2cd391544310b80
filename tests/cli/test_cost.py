"""`cost` tells what was paid, by task, agent and model, and its lines add up to the total."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.cli.command import FLOWS, smithers

NUMBERS = ("calls", "tokens_in", "tokens_out", "tokens_cached", "time_s", "cost_usd", "untold")


def costs(folder: Path, run_id: str = "r1") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        smithers(folder, "cost", run_id, "--json").out, parse_float=Decimal
    )
    return found


def test_a_line_for_each_task_agent_and_model_with_what_failed_attempts_used(
    tmp_path: Path,
) -> None:
    smithers(tmp_path, "up", f"{FLOWS}:spends", "--run-id", "r1")
    found = costs(tmp_path)
    lines = {
        (one["task"], one["agent"], one["model"]): (
            one["calls"],
            one["tokens_in"],
            one["tokens_out"],
            one["tokens_cached"],
            one["cost_usd"],
            one["untold"],
        )
        for one in found["lines"]
    }
    assert lines == {
        ("first", "spender", "large"): (2, 200, 20, 0, Decimal("0.2"), 0),
        ("first", "spender", "small"): (0, 14, 2, 10, Decimal("0.4"), 0),
        ("second", "spender", "large"): (1, 100, 10, 0, Decimal("0.1"), 0),
        ("second", "spender", "small"): (0, 7, 1, 5, Decimal("0.2"), 0),
        ("say", "echo", None): (1, 3, 0, 0, None, 1),
        ("step", "python", None): (0, 0, 0, 0, None, 0),
    }


def test_the_lines_add_up_to_the_total_exactly(tmp_path: Path) -> None:
    smithers(tmp_path, "up", f"{FLOWS}:spends", "--run-id", "r1")
    found = costs(tmp_path)
    assert set(found["total"]) == set(NUMBERS)
    for name in NUMBERS:
        assert sum(one[name] or 0 for one in found["lines"]) == found["total"][name], name
    assert found["total"]["cost_usd"] == Decimal("0.9")  # 0.1 and 0.2 three times each


def test_a_person_sees_a_table_and_what_nobody_told(tmp_path: Path) -> None:
    smithers(tmp_path, "up", f"{FLOWS}:spends", "--run-id", "r1")
    shown = smithers(tmp_path, "cost", "r1").out.splitlines()
    assert shown[0].split()[:4] == ["TASK", "AGENT", "MODEL", "CALLS"]
    say = next(line for line in shown if line.startswith("say "))
    assert say.endswith("not reported")
    assert shown[-1].startswith("total ")
    assert shown[-1].endswith("$0.9000 + 1 not reported")
