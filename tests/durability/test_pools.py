"""Pools of this machine: real processes share their slots, and a killed one gives them back."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from smithers.engine.slot_files import SlotFiles
from smithers.engine.supervising import Happened, Supervisor
from smithers.store.sqlite import SqliteStore
from smithers.store.waking import MOST_STARTS
from tests.durability.commands import Project, until
from tests.durability.test_supervise import status, supervising

WAITS = "waiting for a slot of the pool gpu (limit 1 on this machine)"


@pytest.fixture(autouse=True)
def state(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of a user whose pool `gpu` has one slot."""
    state = tmp_path_factory.mktemp("state")
    project.environment["XDG_STATE_HOME"] = str(state)
    (project.folder / "smithers.toml").write_text("[pools.gpu]\nmachine = 1\n")
    return state


def begun(project: Project, run: str) -> bool:
    return f"begin {run}" in project.ledger


def held(project: Project, run: str = "r1") -> subprocess.Popen[str]:
    """A run that has the slot, and works until its file is gone."""
    (project.folder / f"hold-{run}").touch()
    process = project.start("up", "pooled.py", "--run-id", run)
    until(lambda: begun(project, run), "the first step")
    return process


def waiting(project: Project, run: str) -> list[dict[str, Any]]:
    reasons = project.json("why", run).get("reasons", ())  # it may not be there yet
    return [one for one in reasons if one["kind"] == "pool"]


def test_a_limit_that_cannot_be_is_refused_before_anything_is_written(project: Project) -> None:
    for text, said, hint in (
        (
            "[pools.gpu]\nmashine = 1\n",
            "unknown key 'pools.gpu.mashine'",
            "did you mean 'machine'?",
        ),
        (
            "[pools.gpu]\nmachine = 0\n",
            "pools.gpu.machine must be at least 1, not 0",
            "for example",
        ),
        ("[pools.gpu]\n", "pools.gpu has no limit", "write gpu = 2"),
    ):
        (project.folder / "smithers.toml").write_text(text)
        done = project.run("up", "pooled.py", "--run-id", "r1")
        assert done.returncode == 2
        assert said in done.stderr
        assert hint in done.stderr
        assert not project.database.exists()
    (project.folder / "smithers.toml").write_text("[pools.gpu]\nlimit = 2\nmachine = 1\n")
    lines = project.json("config")["settings"]
    (value,) = [one["value"] for one in lines if one["key"] == "pools.gpu"]
    assert value == {"limit": 2, "machine": 1}


def overlaps(ledger: list[str]) -> bool:
    """Whether two steps were at work at once: each line `begin` is followed by its `end`."""
    return any(
        (begin, end) != (f"begin {run}", f"end {run}")
        for begin, end in zip(ledger[::2], ledger[1::2], strict=True)
        for run in (begin.split()[-1],)
    )


def test_two_processes_with_a_pool_of_one_slot_never_work_at_once(project: Project) -> None:
    both = [project.start("up", "pooled.py", "--run-id", f"r{n}") for n in (1, 2)]
    for one in both:
        out, err = one.communicate(timeout=60)
        assert one.returncode == 0, out + err
    assert sorted(project.ledger) == sorted(["begin r1", "end r1", "begin r2", "end r2"] * 3)
    assert not overlaps(project.ledger)


def test_who_waits_says_so_and_a_killed_process_gives_its_slot_back(project: Project) -> None:
    first = held(project)
    second = project.start("up", "pooled.py", "--run-id", "r2")
    until(lambda: waiting(project, "r2"), "the wait for the slot")
    (reason,) = waiting(project, "r2")
    assert (reason["task"], reason.get("command")) == ("s0", None)
    assert reason["sentence"] == f"s0 is {WAITS}"
    assert not begun(project, "r2")
    assert "a slot of the pool gpu" in project.run("ps").stdout
    assert "waiting (pool gpu, limit 1 on this machine)" in project.run("inspect", "r2").stdout
    project.kill(first)
    out, err = second.communicate(timeout=60)
    assert second.returncode == 0, out + err
    assert "s0 waits for a slot of the pool gpu (limit 1 on this machine)" in err + out
    ended = ["begin r1", *["begin r2", "end r2"] * 3]
    assert project.ledger == ended
    (project.folder / "hold-r1").unlink()
    assert project.run("resume", "r1").returncode == 0


def test_a_run_that_waits_longer_than_it_lingers_is_left_and_woken_for_a_free_slot(
    project: Project, state: Path
) -> None:
    first = held(project)
    done = project.run("up", "pooled.py", "--run-id", "r2", "--linger", "0")
    assert done.returncode == 3
    assert f"s0 is {WAITS}" in done.stdout + done.stderr
    (reason,) = waiting(project, "r2")
    assert reason["command"] == "smithers resume r2"
    (wait,) = project.json("inspect", "r2")["waits"]
    assert (wait["kind"], wait["on"], wait["asked"]) == ("pool", ["gpu"], "1")
    assert project.json("supervise", "--once")["done"] == []
    with supervising(project):
        (project.folder / "hold-r1").unlink()
        until(lambda: status(project, "r2") == "finished", "the end of the run that waited")
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert not overlaps(project.ledger)
    assert (
        "r2: waited for a pool, which has a free slot; resumed in process"
        in (project.folder / "supervised").read_text()
    )


def test_a_thousand_runs_that_wait_for_a_pool_cost_rows_and_as_many_are_woken_as_have_a_slot(
    project: Project, state: Path
) -> None:
    slot = SlotFiles(state / "smithers" / "pools").take("gpu", 1)
    assert slot is not None
    assert project.run("up", "pooled.py", "--run-id", "r1", "--linger", "0").returncode == 3
    copy_run(project, 1000)
    assert len(project.processes()) == 0
    assert project.json("supervise", "--once")["done"] == []
    slot.release()
    (done,) = project.json("supervise", "--once")["done"]
    assert done["what"] == "started"


def copy_run(project: Project, times: int) -> None:
    """More runs as `r1` is, of which it is the oldest."""
    with closing(sqlite3.connect(project.database)) as db:
        tables = [
            name
            for (name,) in db.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'audit'"
                " AND sql LIKE '%run_id%'"
            )
        ]
        for table in tables:
            rows = db.execute(f"SELECT * FROM {table}")
            names = [one[0] for one in rows.description]
            if "run_id" not in names:
                continue
            at = names.index("run_id")
            found = [row for row in rows.fetchall() if row[at] == "r1"]
            marks = ", ".join("?" * len(names))
            for number in range(times):
                copies = [(*row[:at], f"w{number}", *row[at + 1 :]) for row in found]
                db.executemany(f"INSERT INTO {table} VALUES ({marks})", copies)
        db.commit()


class _Wrong(SlotFiles):
    """Counts a slot as free that somebody takes before the run that is woken for it."""

    def count_free(self, pool: str, limit: int) -> int:
        return 1


@pytest.mark.long
@pytest.mark.anyio
async def test_a_run_that_finds_no_slot_again_and_again_is_not_given_up(
    project: Project, state: Path
) -> None:
    (project.folder / "smithers.toml").write_text("linger_s = 0\n[pools.gpu]\nmachine = 1\n")
    slot = SlotFiles(state / "smithers" / "pools").take("gpu", 1)
    assert slot is not None
    assert project.run("up", "pooled.py", "--run-id", "r1").returncode == 3
    told: list[Happened] = []
    async with await SqliteStore.open(project.database) as store:
        for _ in range(MOST_STARTS + 2):
            given = (store, project.database, project.environment, told.append)
            await Supervisor(*given, _Wrong(state)).once()
            until(lambda: not project.processes(), "the end of the process that was started")
    assert [one.what for one in told] == ["started"] * (MOST_STARTS + 2)
    assert status(project) == "waiting"
