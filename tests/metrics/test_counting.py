"""What is counted of runs: each thing once, whenever it is asked, in labels that are bounded."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from harnesses import Reply, Scripted
from smithers import (
    Approval,
    Context,
    ForEach,
    Node,
    NoInput,
    Parallel,
    Retry,
    Sequence,
    Step,
    Task,
    WaitForEvent,
    workflow,
)
from smithers.agent import Used
from smithers.errors import Busy
from smithers.hub import Hub
from smithers.reports import Metrics, _database, _metrics
from smithers.reports._metrics import Counted
from smithers.store.lease import utc_now

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")
_USED = Used(tokens_in=100, tokens_out=20, tokens_cached=60, cost=Decimal("0.25"))


class Unheard(Exception):
    """An author's class of errors."""


def fails(error: type[Exception]) -> None:
    raise error("no")


@workflow
def works(ctx: Context[NoInput]) -> Node:
    writer = Scripted({"draft": Reply(answer="words", usage=_USED)}, name="writer")
    asks = Approval("ship", ask="Ship?", on_deny="continue")
    once = Retry(tries=2, first_s=0.001)
    return Sequence(
        Task("draft", agent=writer, prompt="write"),
        ForEach(
            range(3), key=str, each=lambda number: Step(f"item{number}", lambda: number), id="each"
        ),
        Parallel(Step("odd", lambda: fails(Unheard), on_failure="continue", retry=once)),
        Task("gone", agent=writer, prompt="write", skip_if=lambda: True),
        asks,
    )


def wide(names: list[str]) -> Any:
    @workflow(name="wide")
    def made(ctx: Context[NoInput]) -> Node:
        agents = [Scripted({"*": "words"}, name=f"{name}-agent") for name in names]
        tasks = [
            Task(name, agent=agent, prompt="p") for name, agent in zip(names, agents, strict=True)
        ]
        waits = WaitForEvent("late", event="late", output=str)
        return Sequence(*tasks, waits)

    return made


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return Hub(tmp_path / "runs.db")


def samples(hub: Hub) -> dict[str, float]:
    page, _ = hub.metrics_page()
    return {
        one.name + "".join(f" {value}" for _, value in sorted(one.labels.items())): one.value
        for family in text_string_to_metric_families(page.decode())
        for one in family.samples
    }


def _settled(counted: Counted) -> Counted:
    """Counts without what time alone changes, and with histograms as numbers."""
    durations: Any = {kind: one.numbers for kind, one in counted.durations.items()}
    commits: Any = None
    return replace(counted, durations=durations, oldest_wait_s={}, lag_s=0.0, commits=commits)


class Later:
    """A clock that is two seconds on at each look, so that nothing is given again."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        self.at += 2
        return self.at


class Looking:
    """An observer that counts at each frame."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics, self.looks = metrics, 0

    def frame(self, frame: object, state: object) -> None:
        self._metrics.count()
        self.looks += 1

    def event(self, key: object, event: object) -> None: ...

    def note(self, text: str) -> None: ...


def test_a_run_is_counted_by_state_agent_error_and_wait(hub: Hub) -> None:
    asyncio.run(hub.run(works, run_id="r1"))
    found = samples(hub)
    assert found["smithers_tasks_total finished"] == 4
    assert found["smithers_tasks_total failed"] == 1
    assert found["smithers_tasks_total skipped"] == 1
    assert found["smithers_attempts_total other failed"] == 2
    assert found["smithers_attempts_total  succeeded"] == 4
    assert found["smithers_tokens_total writer in"] == 100
    assert found["smithers_tokens_total writer out"] == 20
    assert found["smithers_tokens_total writer cached"] == 60
    assert found["smithers_cost_usd_total writer"] == 0.25
    assert found["smithers_task_duration_seconds_count step"] == 4
    assert found["smithers_task_duration_seconds_count task"] == 1
    assert found["smithers_runs waiting"] == 1
    assert found["smithers_waits 1m approval"] == 1
    assert found["smithers_owners alive"] == 0
    assert found["smithers_supervisor_up"] == 0
    assert not [name for name in found if "r1" in name or "item" in name or "Unheard" in name]


def test_counts_that_continue_are_those_of_a_count_from_the_start(hub: Hub) -> None:
    """At each frame of a run, of its resume and of forks of it, which count what is theirs."""
    continued = Metrics(hub.database, clock=Later())

    def check() -> Counted:
        found = _settled(continued.count())
        assert found == _settled(Metrics(hub.database).count())
        return found

    looking = Looking(continued)
    asyncio.run(hub.run(works, run_id="r1", observer=looking))
    assert looking.looks > 5
    first = check()
    fork = hub.fork("r1", new_id="r2", by="ann")
    copied = check()
    assert (copied.tasks, copied.tokens, copied.attempts) == (
        first.tasks,
        first.tokens,
        first.attempts,
    ), fork
    assert copied.runs["waiting"] == 2
    hub.decide("r1", "ship", approved=False, by="ann")
    asked = check()
    assert asked.to_wake == 1
    asyncio.run(hub.run(works, run_id="r1-more", observer=looking))
    assert check().tasks["finished"] == 2 * first.tasks["finished"]


def test_a_wait_grows_old_and_a_run_that_is_not_woken_is_late(hub: Hub) -> None:
    asyncio.run(hub.run(works, run_id="r1"))
    later = Metrics(hub.database, now=lambda: utc_now() + timedelta(hours=2))
    found = later.count()
    assert found.waits["approval", "1d"] == 1
    assert 7_200 <= found.oldest_wait_s["approval"] < 7_300
    assert found.lag_s == 0
    hub.decide("r1", "ship", approved=True, by="ann")
    late = Metrics(hub.database, now=lambda: utc_now() + timedelta(hours=2)).count()
    assert 7_200 <= late.lag_s < 7_300


def test_ids_and_names_without_bound_add_no_series(hub: Hub) -> None:
    """10,000 runs and tasks, and more agents and errors than are named."""
    names = [f"t{number:02}" for number in range(_metrics.MOST_AGENTS + 5)]
    asyncio.run(hub.run(wide(names), run_id="r1"))
    _multiply(hub, "few", 10)
    hub.metrics = Metrics(hub.database)
    before = samples(hub)
    named = [name for name in before if name.startswith("smithers_cost_usd_total")]
    assert len(named) == _metrics.MOST_AGENTS + 1
    assert before["smithers_tokens_total other out"] == 5
    _multiply(hub, "many", 10_000)
    hub.metrics = Metrics(hub.database)
    after = samples(hub)
    assert after["smithers_tasks_total finished"] == len(names) + 10_010
    assert after["smithers_attempts_total other failed"] == 10_010
    assert after["smithers_cooldowns other"] == 10_010
    assert after.keys() == before.keys()


def _multiply(hub: Hub, name: str, times: int) -> None:
    """Add tasks and failed attempts, and limits of as many agents, each with another name."""
    with closing(sqlite3.connect(hub.database)) as db:
        for table in ("tree", "tasks", "attempts", "cooldowns"):
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            made = dict.fromkeys(columns, "''")
            made |= {column: column for column in columns if table != "cooldowns"}
            number = f"'{name}-' || n"
            made |= {"tree": {"id": number}, "tasks": {"task": number}}.get(table, {})
            if table == "attempts":
                kind = "json_object('kind', 'Error' || n)"
                made |= {"serial": f"{1000 + times} + n", "state": "'failed'", "error": kind}
            if table == "cooldowns":
                made |= {"key": number, "agent": number, "until": "'3000'"}
            where = {"tree": "kind = 'task'", "cooldowns": ""}.get(table, "ended IS NOT NULL")
            source = f", (SELECT * FROM {table} WHERE {where} LIMIT 1)" if where else ""
            db.execute(
                "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers"
                f" WHERE n < {times}) INSERT INTO {table} SELECT {', '.join(made.values())}"
                f" FROM numbers{source}"
            )
        db.commit()


def test_a_count_reads_what_is_new(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of counts costs one, and a run that did not move one row of a list."""
    for number in range(5):
        asyncio.run(hub.run(works, run_id=f"r{number}"))
    said: list[str] = []
    reading = _database.reading

    def traced(path: Path) -> Any:
        return _traced(reading, path, said)

    monkeypatch.setattr(_metrics, "reading", traced)
    at = [0.0]
    metrics = Metrics(hub.database, clock=lambda: at[0])
    assert metrics.count() is metrics.count()
    first, said[:] = len(said), []
    assert metrics.count() is metrics.count()
    assert said == []
    at[0] = 1.0
    metrics.count()
    still, said[:] = len(said), []
    hub.decide("r3", "ship", approved=True, by="ann")
    asyncio.run(hub.run(works, run_id="r9"))
    at[0] = 2.0
    metrics.count()
    per_run = (first - still) // 5
    assert per_run == 5
    assert len(said) <= still + per_run + 6  # of r3, why and since when it should be woken


def _traced(reading: Any, path: Path, said: list[str]) -> Any:
    class Traced:
        def __enter__(self) -> sqlite3.Connection:
            self._inner = reading(path)
            db: sqlite3.Connection = self._inner.__enter__()
            db.set_trace_callback(said.append)
            return db

        def __exit__(self, *error: Any) -> None:
            self._inner.__exit__(*error)

    return Traced()


def test_another_database_at_the_place_is_counted_from_its_start(hub: Hub) -> None:
    metrics = Metrics(hub.database, clock=Later())
    assert metrics.count().tasks["finished"] == 0
    asyncio.run(hub.run(works, run_id="r1"))
    assert metrics.count().tasks["finished"] == 4
    for path in hub.database.parent.glob("runs.db*"):
        path.unlink()
    asyncio.run(Hub(hub.database).run(wide(["t0"]), run_id="r1"))
    assert metrics.count().tasks["finished"] == 1


def test_a_cooldown_is_counted_until_it_ends(hub: Hub) -> None:
    @workflow
    def busy(ctx: Context[NoInput]) -> Node:
        agent = Scripted({"a": Busy("over its limit", resumes_at=None)}, name="writer")
        return Sequence(Task("a", agent=agent, prompt="p"))

    asyncio.run(hub.run(busy, run_id="r1", linger_s=0))
    assert samples(hub)["smithers_cooldowns writer"] == 1
    later = Metrics(hub.database, now=lambda: utc_now() + timedelta(days=9)).count()
    assert later.cooldowns == {}


def _names(hub: Hub) -> Iterator[str]:
    page, _ = hub.metrics_page(clients=3)
    for line in page.decode().splitlines():
        if line.startswith("# TYPE "):
            yield line.split()[2]


def test_the_page_of_the_docs_has_each_metric(hub: Hub) -> None:
    named = set(re.findall(r"^\| `(smithers_\w+)", PAGE, re.M))
    assert named == set(_names(hub))


@pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is missing"
)
def test_promtool_finds_nothing_wrong(hub: Hub) -> None:
    asyncio.run(hub.run(works, run_id="r1"))
    page, _ = hub.metrics_page(clients=3)
    said = subprocess.run(
        ["promtool", "check", "metrics"], input=page, capture_output=True, timeout=60, check=False
    )
    assert (said.returncode, said.stdout, said.stderr) == (0, b"", b"")
