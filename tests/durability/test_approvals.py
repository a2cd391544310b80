"""An approval is rows: nothing runs while it waits, and whoever answers first has answered."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing

from tests.durability.commands import Project


def waiting(project: Project) -> None:
    done = project.run("up", "gate.py", "--run-id", "r1", "--json")
    assert done.returncode == 3, done.stderr
    assert [one["task"] for one in json.loads(done.stdout)["waiting_for"]] == ["ok"]


def test_a_run_that_comes_to_an_approval_leaves_no_process(project: Project) -> None:
    waiting(project)
    assert project.processes() == []
    with closing(sqlite3.connect(project.database)) as db:
        owner = db.execute("SELECT owner FROM runs").fetchone()
    assert owner == (None,)


def test_an_approval_from_another_process_records_who_what_and_what_was_shown(
    project: Project,
) -> None:
    waiting(project)
    done = project.run("approve", "r1", "ok", "--by", "ann", "--note", "go")
    assert done.returncode == 0, done.stderr
    done = project.run("resume", "r1", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["output"] == "shipped"
    assert project.ledger == ["draft", "ship"]
    output = project.tasks()["ok"]["output"]
    assert (output["approved"], output["by"], output["note"]) == (True, "ann", "go")
    with closing(sqlite3.connect(project.database)) as db:
        rows = db.execute("SELECT asked, digest, answer FROM waits").fetchall()
    asked, digest, answer = next(row for row in rows if row[0])
    assert asked == "Ship this?\nthe text"
    assert digest == hashlib.sha256(asked.encode()).hexdigest() == json.loads(answer)["digest"]


def test_a_denial_fails_the_run_and_stays_a_denial(project: Project) -> None:
    waiting(project)
    done = project.run("deny", "r1", "--by", "bob", "--note", "too early", "--resume")
    assert done.returncode == 1
    again = project.run("resume", "r1", "--json")
    assert again.returncode == 1
    assert "too early" in json.loads(again.stdout)["error"]["message"]
    assert project.ledger == ["draft"]


def test_a_second_decision_is_refused_with_the_first_one(project: Project) -> None:
    waiting(project)
    assert project.run("approve", "r1", "--by", "ann").returncode == 0
    for _ in range(2):  # before and after the owner has taken it
        second = project.run("deny", "r1", "ok", "--by", "bob")
        assert second.returncode == 2
        assert "approved by ann" in second.stderr
        assert project.run("resume", "r1").returncode == 0


def test_no_process_of_a_run_may_decide(project: Project) -> None:
    waiting(project)
    project.environment["SMITHERS_ATTEMPT"] = "r1:1"
    done = project.run("approve", "r1")
    assert done.returncode == 2
    assert "agent" in done.stderr
