"""Looking at runs: what the rows say, for people and for programs."""

from __future__ import annotations

import csv
import getpass
import hashlib
import io
import json
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from harnesses import Echo
from smithers.reports import snapshot
from smithers.views import summarize
from smithers.wire import summary_json
from tests.cli.command import FLOWS, Said, database, ended, held_open, smithers

SHIP_A_DRAFT = hashlib.sha256(b"Ship a draft?\nIt is 7 long.").hexdigest()[:32]
SHIP = hashlib.sha256(b"Ship?").hexdigest()[:32]


def up(folder: Path, workflow: str, run_id: str = "r1", *more: str) -> Said:
    return smithers(folder, "up", f"{FLOWS}:{workflow}", "--run-id", run_id, *more)


def tasks(folder: Path, run_id: str = "r1") -> dict[str, dict[str, Any]]:
    found = smithers(folder, "inspect", run_id, "--json").document
    return {one["id"] + str(one["iteration"] or ""): one for one in found["tasks"]}


def test_a_database_that_another_process_is_just_making_has_no_runs(tmp_path: Path) -> None:
    database(tmp_path).parent.mkdir()
    with closing(sqlite3.connect(database(tmp_path))) as db:
        db.execute("PRAGMA journal_mode = WAL")
        assert database(tmp_path).stat().st_size > 0
        assert smithers(tmp_path, "ps", "--json").document["runs"] == []


def test_ps_lists_runs_and_counts_as_inspect_does(tmp_path: Path) -> None:
    flows = ["works", "fails", "tolerates", "asks", "asks_twice", "asks_in_rounds", "retries_late"]
    for number, workflow in enumerate(flows):
        up(tmp_path, workflow, f"r{number}")
    smithers(tmp_path, "cancel", "r4")
    listed = smithers(tmp_path, "ps", "--json").document["runs"]
    assert [one["workflow"] for one in listed] == flows
    for one in listed:
        summary = summary_json(summarize(snapshot(database(tmp_path), one["run_id"])))
        assert one["tasks"] == summary["tasks"]
        assert one["status"] == summary["status"]
        assert one["waiting_for"] == summary["waiting_for"]
    shown = smithers(tmp_path, "ps").out.splitlines()
    assert shown[0].split()[:4] == ["RUN", "WORKFLOW", "STATUS", "TASKS"]
    assert len(shown) == 1 + len(flows)


def test_ps_without_a_database_prints_nothing_and_makes_none(tmp_path: Path) -> None:
    said = smithers(tmp_path, "ps")
    assert (said.code, said.out) == (0, "")
    assert "no database" in said.err
    assert smithers(tmp_path, "ps", "--json").document == {"version": 1, "runs": []}
    assert list(tmp_path.iterdir()) == []


def test_inspect_has_exactly_the_shape_that_is_promised(tmp_path: Path) -> None:
    up(tmp_path, "echoes")
    found = smithers(tmp_path, "inspect", "r1", "--json").document
    assert set(found) == {"version", "run", "tasks", "waits", "signals"}
    (task,) = found["tasks"]
    assert set(task) == {
        *("id", "iteration", "state", "tolerated", "output", "error", "attempts"),
        "answered",
    }
    assert (task["state"], task["output"], task["iteration"]) == ("finished", "hello there", [])
    (attempt,) = task["attempts"]
    assert set(attempt) == {
        *("attempt", "agent", "skipped", "state", "session_id", "error", "started_at", "ended_at"),
        "usage",
    }
    assert (attempt["agent"], attempt["session_id"]) == (Echo.name, "echo-1")
    assert attempt["started_at"] <= attempt["ended_at"]
    assert attempt["usage"]["tokens_in"] == 2


def test_tasks_that_never_came_up_are_pending_until_the_run_ends(tmp_path: Path) -> None:
    up(tmp_path, "asks")
    assert [one["state"] for one in tasks(tmp_path).values()] == ["finished", "waiting", "pending"]
    smithers(tmp_path, "deny", "r1", "ship", "--by", "ann", "--resume")
    found = tasks(tmp_path)
    assert [one["state"] for one in found.values()] == ["finished", "failed", "cancelled"]
    assert found["ship"]["error"]["kind"] == "Denied"


def test_a_task_in_a_loop_has_an_entry_for_each_round(tmp_path: Path) -> None:
    up(tmp_path, "asks_in_rounds")
    smithers(tmp_path, "deny", "r1", "--by", "ann", "--resume")
    found = tasks(tmp_path)
    assert [(key, one["state"]) for key, one in found.items()] == [
        ("ready[0]", "finished"),
        ("ready[1]", "waiting"),
    ]
    assert found["ready[0]"]["output"]["approved"] is False
    drawn = smithers(tmp_path, "graph", "r1").out
    assert "iteration 0  ✓ finished" in drawn
    assert "iteration 1  ◷ waiting" in drawn


def test_a_killed_run_is_stale_and_why_says_what_to_type(tmp_path: Path) -> None:
    with held_open(tmp_path, "hangs", "hangs") as child:
        running = smithers(tmp_path, "why", "r1", "--json").document
        assert running["status"] == "running"
        assert "hangs has been running since" in running["reasons"][0]["sentence"]
        assert "command" not in running["reasons"][0]
        child.send_signal(signal.SIGKILL)
        assert ended(child).code == -signal.SIGKILL
    (run,) = smithers(tmp_path, "ps", "--json").document["runs"]
    assert run["status"] == "stale"
    found = smithers(tmp_path, "why", "r1", "--json").document
    assert found["status"] == "stale"
    (reason,) = found["reasons"]
    assert reason["task"] == "hangs"
    assert reason["command"] == "smithers resume r1"
    assert str(child.pid) in reason["sentence"]
    assert tasks(tmp_path)["hangs"]["attempts"][0]["state"] == "running"


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("workflow", "words", "command"),
    [
        ("works", "r1 finished at", None),
        ("fails", "breaks failed: RuntimeError: the bottle broke", "smithers resume r1"),
        ("tolerates", "with 1 tolerated failure", None),
        (
            "asks",
            "ship has been waiting for a person's decision since",
            f"smithers approve r1 ship --digest {SHIP_A_DRAFT}",
        ),
        (
            "asks_ann",
            "ship has been waiting for ann to decide",
            f"smithers approve r1 ship --digest {SHIP}",
        ),
        ("retries_late", "breaks failed and will be retried at", "smithers resume r1"),
    ],
)
def test_why_gives_a_sentence_and_the_command_that_goes_on(
    tmp_path: Path, workflow: str, words: str, command: str | None
) -> None:
    up(tmp_path, workflow)
    said = smithers(tmp_path, "why", "r1")
    assert said.code == 0
    assert words in said.out
    found = smithers(tmp_path, "why", "r1", "--json").document
    commands = [one["command"] for one in found["reasons"] if "command" in one]
    assert commands == ([] if command is None else [command])


def test_a_command_that_is_to_be_typed_names_the_database_that_was_named(tmp_path: Path) -> None:
    said = up(tmp_path, "asks", "r1", "--db", "my runs.db")
    digest = f"--digest {SHIP_A_DRAFT}"
    assert f"next: smithers approve r1 ship {digest} --db 'my runs.db'" in said.err
    assert "--db 'my runs.db'" in smithers(tmp_path, "why", "r1", "--db", "my runs.db").out


def test_timeline_tells_every_fact_in_the_frame_of_its_birth(tmp_path: Path) -> None:
    up(tmp_path, "asks")
    smithers(tmp_path, "approve", "r1", "--by", "ann", "--note", "fine", "--resume")
    found = smithers(tmp_path, "timeline", "r1", "--json").document
    assert [one["frame"] for one in found["frames"]] == list(range(len(found["frames"])))
    told = [(one["what"], one.get("task")) for frame in found["frames"] for one in frame["changes"]]
    assert told.index(("attempt_started", "draft")) < told.index(("wait_opened", "ship"))
    assert told.index(("wait_closed", "ship")) < told.index(("settled", "after"))
    assert all(one["words"] for frame in found["frames"] for one in frame["changes"])
    shown = smithers(tmp_path, "timeline", "r1").out
    assert f"ship was approved by ann (login {getpass.getuser()}): fine" in shown
    assert "joined the tree" not in shown
    assert "joined the tree" in smithers(tmp_path, "timeline", "r1", "--all").out


def test_graph_draws_the_tree_and_its_states(tmp_path: Path) -> None:
    up(tmp_path, "asks")
    assert smithers(tmp_path, "graph", "r1").out.splitlines() == [
        "asks  r1  waiting",
        "sequence  ◷ waiting",
        "├─ draft  ✓ finished",
        "├─ ship  ◷ waiting",
        "└─ after  · pending",
    ]
    root = smithers(tmp_path, "graph", "r1", "--json").document["root"]
    assert [one["state"] for one in root["children"]] == ["finished", "waiting", "pending"]
    assert smithers(tmp_path, "graph", "r1", "--mermaid").out.startswith("flowchart TD\n  n1[")


def test_logs_show_what_was_said_with_task_and_attempt(tmp_path: Path) -> None:
    up(tmp_path, "echoes")
    shown = smithers(tmp_path, "logs", "r1").out.splitlines()
    assert "say#1 | hello there" in shown
    events = [
        json.loads(one) for one in smithers(tmp_path, "logs", "r1", "--json").out.splitlines()
    ]
    assert [one["event"] for one in events] == ["started", "said", "used", "answered"]
    assert all((one["task"], one["attempt"], one["version"]) == ("say", 1, 1) for one in events)
    assert smithers(tmp_path, "logs", "r1", "say", "--follow").out.splitlines() == shown
    other = smithers(tmp_path, "logs", "r1", "nothing")
    assert other.code == 2
    assert "the tasks with attempts are: say" in other.err


def test_logs_follow_a_run_until_it_is_left(tmp_path: Path) -> None:
    with held_open(tmp_path, "hangs", "hangs"):
        cancelled = smithers(tmp_path, "cancel", "r1")
        assert cancelled.code == 0
        assert smithers(tmp_path, "logs", "r1", "--follow").code == 0


def test_sql_answers_as_a_table_as_json_and_as_csv(tmp_path: Path) -> None:
    up(tmp_path, "gives_a_model")
    query = "SELECT task, text, NULL AS absent, x'00ff' AS bytes FROM out_note"
    assert smithers(tmp_path, "sql", query).out.splitlines()[0].split() == [
        *("task", "text", "absent", "bytes"),
    ]
    found = json.loads(smithers(tmp_path, "sql", query, "--json").out)
    assert found == [{"task": "note", "text": "hello", "absent": None, "bytes": "00ff"}]
    rows = list(csv.DictReader(io.StringIO(smithers(tmp_path, "sql", query, "--csv").out)))
    assert rows == [{"task": "note", "text": "hello", "absent": "", "bytes": "00ff"}]


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM runs",
        "DROP TABLE runs",
        "INSERT INTO inbox (run_id, kind, body, at) VALUES ('r1', 'cancel', '{}', '')",
        "ATTACH 'other.db' AS other",
        "VACUUM INTO 'copy.db'",
        "PRAGMA user_version = 9",
        "PRAGMA query_only = 0",
        "SELECT 1; DELETE FROM runs",
        "SELECT nothing FROM nowhere",
        "",
    ],
)
def test_sql_reads_and_does_nothing_else(tmp_path: Path, query: str) -> None:
    up(tmp_path, "works")
    said = smithers(tmp_path, "sql", query)
    assert said.code == 2
    assert ("the query was refused" if query else "the query is empty") in said.err
    assert {one.name for one in tmp_path.iterdir()} == {".smithers"}
    with sqlite3.connect(database(tmp_path)) as db:
        assert db.execute("SELECT count(*) FROM runs").fetchone() == (1,)
        assert db.execute("SELECT count(*) FROM inbox").fetchone() == (0,)
    db.close()


def test_the_database_is_the_named_one_or_the_nearest_upward(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    up(tmp_path, "works", "above")
    assert "above" in smithers(deep, "ps").out
    up(deep, "works", "same")
    assert not (deep / ".smithers").exists()
    named = {"SMITHERS_DB": str(tmp_path / "named.db")}
    assert smithers(deep, "up", f"{FLOWS}:works", "--run-id", "named", env=named).code == 0
    assert smithers(deep, "ps", env=named).out.count("works") == 1
    other = smithers(deep, "ps", "--db", str(database(tmp_path)), env=named).out
    assert "above" in other
    assert "named" not in other


def test_a_database_that_is_just_being_made_has_no_runs_yet(tmp_path: Path) -> None:
    path = database(tmp_path)
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
    assert path.stat().st_size > 0
    said = smithers(tmp_path, "ps", "--json")
    assert (said.code, said.document["runs"]) == (0, [])


@pytest.mark.parametrize(
    ("table", "column"), [("waits", "kind"), ("ends", "state")], ids=["a wait", "an end"]
)
def test_a_row_that_nobody_wrote_is_named(tmp_path: Path, table: str, column: str) -> None:
    (tmp_path / "flow.py").write_text(
        "from smithers import Approval, Parallel, Sequence, Step, workflow\n"
        "@workflow\n"
        "def flow(ctx):\n"
        "    return Parallel(Sequence(Step('a', lambda: 1)), Approval('ok', ask='?'))\n"
    )
    assert smithers(tmp_path, "up", "flow.py", "--run-id", "r1").code == 3
    with closing(sqlite3.connect(database(tmp_path))) as db, db:
        db.execute(f"UPDATE {table} SET {column} = 'teapot'")
    said = smithers(tmp_path, "graph", "r1")
    assert said.code == 2
    assert f"run r1 has a row in `{table}` with {column} 'teapot', which is unknown" in said.err


def test_a_tolerated_failure_has_its_hint_unless_that_is_for_a_resume(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(
        "from smithers import Sequence, Step, workflow\n"
        "from smithers.errors import Refused\n"
        "def boom():\n"
        "    raise ValueError('boom')\n"
        "def refuse():\n"
        "    raise Refused('no résumé', hint='send your resume again')\n"
        "@workflow\n"
        "def flow(ctx):\n"
        "    pays = Step('pays', boom, effect=True, on_failure='continue')\n"
        "    return Sequence(pays, Step('reads', refuse, on_failure='continue'))\n"
    )
    assert smithers(tmp_path, "up", "flow.py", "--run-id", "r1").code == 6
    pays, reads = smithers(tmp_path, "why", "r1", "--json").document["reasons"]
    assert "hint" not in pays
    assert reads["hint"] == "send your resume again"
    assert tasks(tmp_path)["pays"]["error"]["hint"] == ""
