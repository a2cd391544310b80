"""The list of runs: which are shown, in pages, at the cost of what is shown."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from smithers.hub import Hub, RunsQuery
from tests.cli.command import FLOWS, database, smithers
from tests.cli.screen import Screen
from tests.cli.test_terminal import on_a_terminal

NUMBER = 60
_TABLES = ("runs", "frames", "statuses", "tree", "tasks", "attempts", "outputs")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, a failed one and a waiting one, each with copies made from its rows: run 0 is
    the oldest, and they take turns.
    """
    made = tmp_path_factory.mktemp("listed")
    originals = ["works", "fails", "asks"]
    for workflow in originals:
        smithers(made, "up", f"{FLOWS}:{workflow}", "--run-id", workflow)
    with closing(sqlite3.connect(database(made))) as db:
        for number in range(NUMBER):
            for table in _TABLES:
                _copy(db, table, originals[number % 3], number)
        for table in _TABLES:
            db.execute(f"DELETE FROM {table} WHERE run_id IN ('works', 'fails', 'asks')")
        db.commit()
    return made


def _copy(db: sqlite3.Connection, table: str, run_id: str, number: int) -> None:
    names: list[str] = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    values = {"run_id": f"'run-{number}'", "created_at": f"'2026-01-01T00:{number:02}:00.000000Z'"}
    listed = ", ".join(values.get(name, name) for name in names)
    db.execute(f"INSERT INTO {table} SELECT {listed} FROM {table} WHERE run_id = ?", (run_id,))


def listed(folder: Path, *options: str) -> list[int]:
    found = smithers(folder, "ps", "--json", *options).document["runs"]
    return [int(run["run_id"].removeprefix("run-")) for run in found]


def test_json_lists_every_run_in_the_order_of_their_starts(folder: Path) -> None:
    document = smithers(folder, "ps", "--json").document
    assert set(document) == {"version", "runs"}
    assert listed(folder) == list(range(NUMBER))
    assert len(smithers(folder, "ps").out.splitlines()) == NUMBER + 1, "a pipe gets all"


def test_a_terminal_shows_the_newest_and_how_many_more_there_are(folder: Path) -> None:
    lines = Screen(100, 30).feed(on_a_terminal(folder, "ps")).history
    assert [line.split()[0] for line in lines[1:51]] == [f"run-{n}" for n in range(10, 60)]
    assert lines[51] == "10 more, --all"
    every = Screen(100, 30).feed(on_a_terminal(folder, "ps", "--all")).history
    assert len([line for line in every if line.startswith("run-")]) == NUMBER
    assert "more" not in every[-1]


def test_pages_have_each_run_once(folder: Path) -> None:
    found, after = list[int](), list[str]()
    for _ in range(9):
        document = smithers(folder, "ps", "--json", "--limit", "25", *after).document
        found = [int(run["run_id"].removeprefix("run-")) for run in document["runs"]] + found
        assert document["more"] == (document["cursor"] is not None)
        if not document["more"]:
            break
        after = ["--after", document["cursor"]]
    assert found == list(range(NUMBER))
    said = smithers(folder, "ps", "--limit", "25")
    assert len(said.out.splitlines()) == 26
    assert said.err.strip() == f"35 more, {' '.join(['--after', _cursor(folder, 25)])}"


def _cursor(folder: Path, limit: int) -> str:
    cursor: str = smithers(folder, "ps", "--json", "--limit", str(limit)).document["cursor"]
    return cursor


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--status", "failed"], range(1, NUMBER, 3)),
        (["--status", "failed", "--status", "waiting", "--limit", "3"], [56, 58, 59]),
        (["--status", "stale"], []),
        (["--status", "running", "--status", "finished", "--limit", "2"], [54, 57]),
        (["--workflow", "asks"], range(2, NUMBER, 3)),
        (["--workflow", "asks", "--status", "failed"], []),
        (["--since", "2026-01-01T00:58:00Z"], [58, 59]),
        (["--since", "1h"], []),
    ],
)
def test_runs_are_chosen_by_status_workflow_and_time(
    folder: Path, options: list[str], wanted: list[int]
) -> None:
    assert listed(folder, *options) == list(wanted)


def test_a_run_that_lost_its_owner_is_stale_and_not_running(tmp_path: Path) -> None:
    smithers(tmp_path, "up", f"{FLOWS}:works", "--run-id", "r1")
    with closing(sqlite3.connect(database(tmp_path))) as db:
        db.execute("UPDATE statuses SET status = 'running'")
        db.commit()
    ids = [run["run_id"] for run in smithers(tmp_path, "ps", "--json").document["runs"]]
    assert ids == ["r1"]
    for status, wanted in (("stale", ids), ("running", [])):
        found = smithers(tmp_path, "ps", "--json", "--status", status, "--limit", "1").document
        assert [run["run_id"] for run in found["runs"]] == wanted
        assert (found["more"], found["cursor"]) == (False, None)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--status", "done"], "--status 'done' is not the status of a run"),
        (["--since", "yesterday"], "--since 'yesterday' is not a time"),
        (["--since", "999999w"], "--since '999999w' is not a time"),
        (["--after", "x"], "'x' is not a cursor of the list of runs"),
        (["--all", "--limit", "5"], "--all and --limit cannot be combined"),
        (["--limit", "0"], "--limit must be at least 1"),
    ],
)
def test_what_cannot_be_listed_is_refused(folder: Path, options: list[str], error: str) -> None:
    said = smithers(folder, "ps", *options)
    assert said.code == 2
    assert said.err.splitlines()[0] == f"error: {error}"


def test_a_page_reads_the_rows_of_its_runs_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, Any]] = []

    class Recorded(sqlite3.Connection):
        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            asked.append((sql, parameters))
            return super().execute(sql, parameters)

    @contextmanager
    def reading(path: Path) -> Generator[sqlite3.Connection]:
        with closing(sqlite3.connect(path, factory=Recorded)) as db:
            yield db

    monkeypatch.setattr("smithers.reports._runs.reading", reading)
    page = Hub(database(folder)).list_runs(RunsQuery(limit=5))
    assert [len(page.runs), page.more] == [5, NUMBER - 5]
    scanned = set[str]()
    with closing(sqlite3.connect(database(folder))) as db:
        for sql, parameters in asked:
            for *_, step in db.execute(f"EXPLAIN QUERY PLAN {sql}", parameters):
                if step.startswith("SCAN"):
                    scanned.add(step.split()[1])
    # Runs are put in order, cooldowns and revivals are few; the others are made by the query.
    made = {"json_each", "l", "t", "rows", "leaves", "CONSTANT"}
    assert scanned <= {"r", "runs", "cooldowns", "revivals", *made}, scanned
    assert len(asked) < 10 + 8 * len(page.runs)
