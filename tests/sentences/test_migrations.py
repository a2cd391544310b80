"""Sentence 4: if a verify fails, what was applied is undone, last first."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.sentences import migrations as example
from examples.sentences.migrations import Migrations, Plan
from tests.cli.command import smithers
from tests.harness.helpers import ROOT
from tests.rules.agents import Scripted
from tests.rules.runs import Run
from tests.sentences.runs import error_of, json_of, run_of

FOLDERS = ["users", "orders", "bills"]


def planned(told: str) -> Plan:
    name = told.removeprefix("Plan this: ")
    folder = name.removesuffix(" wrongly")
    return Plan(
        apply=f"echo apply {folder} >> log; mkdir {folder}",
        undo=f"echo undo {folder} >> log; rmdir {folder}",
        verify=f"test -d {name.replace(' ', '/')}",
    )


def started(monkeypatch: pytest.MonkeyPatch, *wanted: str) -> Run:
    monkeypatch.setattr(example, "planner", Scripted(json_of(planned), name="planner"))
    return run_of(example.migrations, Migrations(wanted=list(wanted)))


def applied(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir() if one.name in FOLDERS}


def logged(folder: Path) -> list[str]:
    return (folder / "log").read_text().splitlines()


def test_all_are_applied_in_the_order_of_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    run = started(monkeypatch, *FOLDERS)
    assert run.go().status == "finished"
    assert applied(run.folder) == set(FOLDERS)
    assert logged(run.folder) == [f"apply {one}" for one in FOLDERS]


def test_a_verify_that_fails_undoes_all_in_reverse_order_and_the_run_tells_which(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = started(monkeypatch, "users", "orders", "bills wrongly", "never")
    ended = run.go()
    assert ended.status == "failed"
    assert applied(run.folder) == set()
    assert logged(run.folder) == [
        *("apply users", "apply orders", "apply bills"),
        *("undo bills", "undo orders", "undo users"),
    ]
    assert run.outcome("plan never") == "cancelled"
    assert "exited with code 1" in error_of(run, "verify bills wrongly")
    assert ended.error is not None
    assert ended.error.message.endswith("; undone: apply bills wrongly, apply orders, apply users")


def test_an_undo_that_fails_stops_and_says_what_is_still_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = started(monkeypatch, "users", "orders", "bills wrongly")
    busy = "touch orders/busy; "

    def plan(told: str) -> Plan:
        made = planned(told)
        return made.model_copy(update={"verify": busy + made.verify}) if "bills" in told else made

    monkeypatch.setattr(example, "planner", Scripted(json_of(plan), name="planner"))
    ended = run.go()
    assert ended.status == "failed"
    assert applied(run.folder) == {"users", "orders"}
    assert ended.error is not None
    assert "undo orders failed" in ended.error.message
    (run.folder / "orders" / "busy").unlink()
    assert run.go().status == "failed"
    assert applied(run.folder) == set()


SCRIPTED = """
from examples.sentences import migrations as example
from tests.cli.command import smithers
from tests.harness.helpers import ROOT
from tests.rules.agents import Scripted
from tests.sentences.runs import json_of
from tests.sentences.test_migrations import planned

example.planner = Scripted(json_of(planned), name="planner")
migrations = example.migrations
"""


@pytest.mark.long
def test_the_command_prints_what_was_undone(tmp_path: Path) -> None:
    (tmp_path / "scripted.py").write_text(SCRIPTED)
    given = Migrations(wanted=["users", "orders wrongly"]).model_dump_json()
    words = ("up", "scripted.py", "--run-id", "r1", "--input", given)
    said = smithers(tmp_path, *words, env={"PYTHONPATH": str(ROOT)})
    assert said.code == 1
    assert "undone: apply orders wrongly, apply users" in said.err
    again = smithers(tmp_path, "resume", "r1", env={"PYTHONPATH": str(ROOT)})
    assert again.code == 1
    assert logged(tmp_path).count("undo users") == 1
