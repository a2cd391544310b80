"""What a run asks of its database: so much a step, however long it is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bench.statements import Statements, counted
from tests.growth.shapes import FLAT, drive_shape, without_comparison

_NOISE = 30
"""Statements that depend on the time: polls of what others wrote, heartbeats."""


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    without_comparison(monkeypatch)


def asked(shape: str, count: int, folder: Path) -> Statements:
    with counted() as found:
        drive_shape(shape, count, folder)
    return found


@pytest.mark.sampled(4)
@pytest.mark.parametrize("shape", FLAT)
def test_the_statements_of_a_step_do_not_depend_on_the_number_of_steps(
    shape: str, tmp_path: Path
) -> None:
    few, more, most = (asked(shape, count, tmp_path).all for count in (16, 48, 112))
    assert most - more <= 2 * (more - few) + _NOISE


@pytest.mark.parametrize("shape", ["sequence", "loop", "flow", "needs"])
def test_a_step_in_sequence_is_one_commit(shape: str, tmp_path: Path) -> None:
    few, more = (asked(shape, count, tmp_path) for count in (10, 60))
    assert more.commits - few.commits <= 50 + 2  # a heartbeat on a slow machine


@pytest.mark.parametrize("shape", ["fan-out", "limited", "gather"])
def test_steps_side_by_side_share_commits(shape: str, tmp_path: Path) -> None:
    few, more = (asked(shape, count, tmp_path) for count in (10, 90))
    assert more.commits - few.commits <= 80 / 2


def test_nothing_is_read_from_the_database_between_the_commits_of_a_sequence(
    tmp_path: Path,
) -> None:
    few, more = (asked("sequence", count, tmp_path) for count in (10, 110))
    assert more.others - few.others <= 10  # one each 250 ms


def test_what_is_asked_of_a_database_is_told_apart(tmp_path: Path) -> None:
    with counted() as found:
        db = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
        db.execute("CREATE TABLE t (n INTEGER)")
        db.execute("BEGIN")
        db.execute("INSERT INTO t VALUES (1)")
        db.execute("INSERT INTO t VALUES (2)")
        db.execute("COMMIT")
        db.execute("SELECT * FROM t").fetchall()
        db.execute("BEGIN")
        db.execute("SELECT * FROM t").fetchall()
        db.execute("ROLLBACK")
        db.close()
    assert (found.all, found.commits, found.others) == (9, 2, 2)
