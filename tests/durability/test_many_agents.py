"""A thousand agents on recorded sessions: all finish, each once, a bounded number at a time."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from bench.recordings import copies
from tests.durability.commands import Project

TASKS, LIMIT = 1000, 16


@pytest.mark.long
def test_a_thousand_replayed_agents_finish_and_never_more_than_the_limit_run(
    project: Project,
) -> None:
    copies((f"Case {number}." for number in range(TASKS)), project.folder / "recordings")
    project.environment["SMITHERS_REPLAY"] = str(project.folder / "recordings")
    given = json.dumps({"tasks": TASKS, "limit": LIMIT})
    done = project.run("up", "replayed.py", "--run-id", "r1", "--input", given, within_s=100)
    assert done.returncode == 0, done.stderr[-2000:]
    with closing(sqlite3.connect(project.database)) as db:
        attempts = db.execute("SELECT task, agent, state, born, ended FROM attempts").fetchall()
        outputs = [json.loads(text) for (text,) in db.execute("SELECT json FROM outputs")]
    assert Counter(task for task, *_ in attempts) == {f"t{n}": 1 for n in range(TASKS)}
    assert {(agent, state) for _, agent, state, _, _ in attempts} == {("claude-code", "succeeded")}
    assert outputs == ["Hello there."] * TASKS
    # One frame ends attempts and starts those that take their places: the ended ones have left.
    change: Counter[int] = Counter()
    for _, _, _, born, ended in attempts:
        change[born] += 1
        change[ended] -= 1
    running = most = 0
    for frame in sorted(change):
        running += change[frame]
        most = max(most, running)
    assert (most, running) == (LIMIT, 0)
