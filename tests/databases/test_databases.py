"""Databases of earlier versions: each opens, and the runs in it resume and finish."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from smithers.store.migrations import published
from tests.cli.command import eventually, smithers

HERE = Path(__file__).parent
KEPT = sorted(HERE.glob("version_*.sql"))
FROM_START = ["note", "echo", "draft", "arm"]


def restored(kept: Path, folder: Path) -> Path:
    """A database as it was kept, its runs in `folder`."""
    shutil.copy(HERE / "flow.py", folder)
    database = folder / "smithers.db"
    with closing(sqlite3.connect(database)) as db:
        db.executescript(kept.read_text("utf-8").replace("/project", str(folder)))
        db.execute("UPDATE runs SET interpreter = ?", (sys.executable,))
        db.commit()
        db.execute("PRAGMA journal_mode = WAL")
    return database


def version_in(database: Path) -> int:
    with closing(sqlite3.connect(database)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


def attempts(folder: Path, run_id: str) -> dict[str, list[str]]:
    document: dict[str, Any] = smithers(
        folder, "inspect", run_id, "--json", "--db", "smithers.db"
    ).document
    return {
        task["id"]: [attempt["state"] for attempt in task["attempts"]] for task in document["tasks"]
    }


def test_every_released_version_is_kept() -> None:
    kept = [int(file.stem.removeprefix("version_")) for file in KEPT]
    assert kept == list(range(1, len(kept) + 1))
    assert len(kept) >= len(published()) - 1  # the newest gets its file when it is released


@pytest.mark.sampled(3)
@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.stem)
def test_looking_at_an_older_database_changes_nothing(kept: Path, tmp_path: Path) -> None:
    database = restored(kept, tmp_path)
    before = hashlib.sha256(database.read_bytes()).hexdigest(), sorted(os.listdir(tmp_path))
    is_old = version_in(database) < len(published())
    for command in (
        *(["ps"], ["inspect", "waiting"], ["why", "failed"], ["timeline", "finished"]),
        *(["graph", "crashed"], ["cost", "finished"], ["events", "finished"], ["doctor"]),
        ["sql", "SELECT count(*) FROM handled"],
    ):
        said = smithers(tmp_path, *command, "--db", "smithers.db")
        assert said.code == 0, said
        assert ("private copy" in said.err) == (is_old and command != ["doctor"]), said.err
    assert (hashlib.sha256(database.read_bytes()).hexdigest(), sorted(os.listdir(tmp_path))) == (
        before
    )


@pytest.mark.sampled(3)
@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.stem)
def test_the_runs_of_an_older_database_resume_and_finish(kept: Path, tmp_path: Path) -> None:
    database = restored(kept, tmp_path)
    (tmp_path / "go").touch()

    assert smithers(tmp_path, "approve", "waiting", "--db", "smithers.db").code == 0
    for run_id, code, output in (
        ("waiting", 0, "shipped: True"),
        ("crashed", 0, "went on"),
        ("failed", 0, "mended"),
        ("finished", 6, "done"),
    ):
        said = smithers(tmp_path, "resume", run_id, "--db", "smithers.db")
        assert (said.code, said.out.strip()) == (code, output), said
        tried = attempts(tmp_path, run_id)
        assert [tried[task] for task in FROM_START] == [["succeeded"]] * 4  # none is run again

    assert attempts(tmp_path, "crashed")["last"] == ["interrupted", "succeeded"]
    assert attempts(tmp_path, "failed")["last"] == ["failed", "succeeded"]
    assert attempts(tmp_path, "failed")["after"] == ["succeeded"]
    assert attempts(tmp_path, "finished")["item bad"] == ["failed"]
    assert version_in(database) == len(published())
    with closing(sqlite3.connect(database)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        handled = db.execute("SELECT run_id, node FROM handled").fetchall()
    assert handled == [("finished", "item bad")]


def test_a_file_is_not_upgraded_under_a_living_owner_of_an_older_version(tmp_path: Path) -> None:
    database = restored(HERE / "version_3.sql", tmp_path)
    beat = "import sys, time; print('up', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", beat], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        make_owner(database, owner.pid)
        said = smithers(tmp_path, "resume", "failed", "--db", "smithers.db")
        assert said.code == 2
        assert f"in use by process {owner.pid}, which runs an older Smithers" in said.err
        assert f"kill {owner.pid}" in said.err
        assert version_in(database) == 3
        assert smithers(tmp_path, "ps", "--db", "smithers.db").code == 0  # looking works

        os.kill(owner.pid, signal.SIGTERM)  # as the hint says
        eventually(lambda: owner.poll() is not None)
    (tmp_path / "go").touch()
    assert smithers(tmp_path, "resume", "failed", "--db", "smithers.db").code == 0
    assert version_in(database) == len(published())


def make_owner(database: Path, pid: int) -> None:
    """Let a living process be the owner of the crashed run, as of now."""
    import time

    from smithers.store.lease import started_of, this_host, utc_now
    from smithers.store.rows import time_text

    with closing(sqlite3.connect(database)) as db:
        db.execute(
            "UPDATE owners SET host = ?, pid = ?, started = ?, beat_ns = ?, beat_at = ?",
            (this_host(), pid, started_of(pid), time.monotonic_ns(), time_text(utc_now())),
        )
        db.commit()
