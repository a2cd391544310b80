"""`up --max-usd`, `--max-tokens`, `--max-calls`: what a run may use, whatever its author allows."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.command import smithers

FLOW = """
from harnesses import Scripted
from smithers import Budget, Sequence, Task, workflow

agent = Scripted({"*": "words"}, name="writer")


@workflow(BUDGET)
def flow(ctx):
    return Sequence(*(Task(name, agent=agent, prompt="write") for name in "abc"))
"""


@pytest.mark.parametrize("authors", ["", "budget=Budget(calls=2, on_exhausted='wait')"])
def test_a_run_waits_at_what_it_may_use_and_a_resume_keeps_that(
    tmp_path: Path, authors: str
) -> None:
    (tmp_path / "flow.py").write_text(FLOW.replace("BUDGET", authors))
    begun = smithers(
        tmp_path, "up", "flow.py", "--run-id", "r1", "--max-calls", "1", "--max-usd", "5"
    )
    assert begun.code == 5, begun.err
    database = tmp_path / ".smithers" / "smithers.db"
    with closing(sqlite3.connect(database)) as db:
        (amounts,) = db.execute("SELECT amounts FROM budgets").fetchone()
        (number,) = db.execute("SELECT count(*) FROM attempts").fetchone()
    assert (json.loads(amounts)["calls"], number) == (1, 1), amounts
    raised = smithers(tmp_path, "budget", "r1", "--add-calls", "1", "--resume")
    assert raised.code == 5, raised.err
    with closing(sqlite3.connect(database)) as db:
        (number,) = db.execute("SELECT count(*) FROM attempts").fetchone()
    assert number == 2
    wrong = smithers(tmp_path, "up", "flow.py", "--run-id", "r2", "--max-usd", "much")
    assert (wrong.code, "--max-usd 'much' is not an amount of dollars" in wrong.err) == (2, True)
    kept = smithers(tmp_path, "up", "--resume", "--run-id", "r1", "--max-calls", "9")
    assert (kept.code, "a run that exists keeps its caps" in kept.err) == (2, True)
