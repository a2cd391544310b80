"""What this machine refuses is nobody's failure: the owner stops, and the run can be resumed.

The disk is really full (a small tmpfs), or calls really fail on the way to it (a library that is
loaded before all others, see tests/trust/faults.c).
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest

from smithers.engine.launching import MACHINE_FAILED
from smithers.store.files import streams_folder
from tests.durability.commands import Project, until
from tests.durability.test_supervise import status, supervising
from tests.trust.faults import build_shim

UP = ("up", "programs.py", "--run-id", "r1")
PAIRS = [
    *(("events.jsonl", "ENOSPC", 1), ("events.jsonl", "EIO", 2), ("events.jsonl", "torn", 1)),
    *(("raw.jsonl", "ENOSPC", 2), ("raw.jsonl", "EIO", 1), ("raw.jsonl", "torn", 2)),
]
"""Each two of a file, a fault and the write at which it comes; `make trust` has all three."""


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_shim(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def small_disk(project: Project) -> Iterator[Path]:
    """The folder of the database on a disk of 2 MB of its own."""
    folder = project.database.parent
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount; the other tests fill a disk without")
    yield folder
    for process in project.processes():
        process.kill()
    until(lambda: not project.processes(), "the end of every process")
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def up_with_faults(project: Project, shim: Path, **fault: str) -> subprocess.CompletedProcess[str]:
    more = {"LD_PRELOAD": str(shim), "FAULT_UNDER": str(project.database.parent)}
    more |= {f"FAULT_{name}": value for name, value in fault.items()}
    return subprocess.run(
        project.command(*UP),
        cwd=project.folder,
        env={**project.environment, **more},
        capture_output=True,
        text=True,
        timeout=60,
    )


def ownership(project: Project) -> tuple[str | None, str | None]:
    """Who owns the run, and from when on it may be woken."""
    with closing(sqlite3.connect(project.database)) as db:
        owner, wake_at = db.execute("SELECT owner, wake_at FROM runs").fetchone()
    return owner, wake_at


def attempts(project: Project) -> list[str]:
    return [f"{one['agent']} {one['state']}" for one in project.tasks()["task"]["attempts"]]


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("name", "kind", "at"),
    [
        pytest.param(*one, marks=() if one in PAIRS else pytest.mark.trust)
        for one in product(("events.jsonl", "raw.jsonl"), ("ENOSPC", "EIO", "torn"), (1, 2))
    ],
)
def test_a_stream_that_cannot_be_written_stops_the_owner_and_spends_no_try(
    project: Project, shim: Path, name: str, kind: str, at: int
) -> None:
    done = up_with_faults(project, shim, SUFFIX=f"2.{name}", KIND=kind, AT=str(at), FOR="2")
    assert done.returncode == 2, done.stderr
    path = streams_folder(project.database, "r1") / f"2.{name}"
    assert f"error: {path} cannot be written: " in done.stderr
    assert f"({'EIO' if kind == 'EIO' else 'ENOSPC'})" in done.stderr
    assert attempts(project) == ["first interrupted"]
    owner, wake_at = ownership(project)
    assert owner is None
    assert wake_at is not None, "the run is released as due"
    assert project.run("resume", "r1").returncode == 0
    assert attempts(project) == ["first interrupted", "first succeeded"]
    assert set(project.ledger) <= {"first"}


@pytest.mark.long
@pytest.mark.timeout(600)  # dozens of runs of three processes each
@pytest.mark.parametrize("apart", [9, pytest.param(5, marks=pytest.mark.trust)])
def test_a_row_of_a_process_that_cannot_be_written_stops_the_owner_and_fails_no_run(
    project: Project, shim: Path, apart: int
) -> None:
    """Writes of the database from the start of the program on fail, one in each run."""
    ends: set[str] = set()
    for at in range(2, 400, apart):
        (project.folder / "ledger").unlink(missing_ok=True)
        for file in project.database.parent.glob("smithers.db*"):
            if file.is_file():
                file.unlink()
        done = up_with_faults(project, shim, SUFFIX="-wal", KIND="ENOSPC", AT=str(at), FOR="1")
        if done.returncode == 0:
            break
        assert done.returncode == 2, done.stderr
        assert f"error: {project.database}: the database " in done.stderr
        # SQLite calls a sync that failed an error of input and output, whatever the disk says.
        assert "; ENOSPC)" in done.stderr or "IOERR_FSYNC" in done.stderr
        if not project.run("inspect", "r1").returncode and "task" in project.tasks():
            ends.update(one["state"] for one in project.tasks()["task"]["attempts"])
    assert ends <= {"running", "interrupted", "succeeded"}, ends
    assert {"running", "interrupted"} & ends


def test_a_disk_that_is_really_full_stops_the_owner_until_there_is_space(
    project: Project, small_disk: Path
) -> None:
    (small_disk / "ballast").write_bytes(b"x" * 500_000)
    project.environment["LINES"] = "180"
    done = project.run(*UP)
    assert done.returncode == 2, done.stderr
    assert "No space left on device (ENOSPC)" in done.stderr or "SQLITE_FULL" in done.stderr
    assert str(small_disk) in done.stderr
    (small_disk / "ballast").unlink()
    project.environment["LINES"] = "3"
    assert project.run("resume", "r1").returncode == 0
    assert attempts(project)[-1] == "first succeeded"
    assert set(attempts(project)[:-1]) <= {"first interrupted"}
    assert set(project.ledger) == {"first"}, "the fallback agent is not paid for a full disk"
    with closing(sqlite3.connect(project.database)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.long
def test_supervise_does_not_count_starts_that_the_machine_failed(project: Project) -> None:
    """A file lies where the folder of the streams must be."""
    blocked = streams_folder(project.database, "r1")
    blocked.parent.mkdir(parents=True)
    blocked.touch()
    assert project.run(*UP).returncode == 2
    with supervising(project):
        until(lambda: spared(project) >= 2, "two starts that were failed by the machine")
        assert status(project) == "running"
        blocked.unlink()
        until(lambda: status(project) == "finished", "the end of the run")
    said = (project.folder / "supervised").read_text()
    assert "this machine failed while its process was running" in said
    assert "gave up" not in said
    assert attempts(project)[-1] == "first succeeded"


def spared(project: Project) -> int:
    with closing(sqlite3.connect(project.database)) as db:
        row = db.execute("SELECT starts, spared FROM revivals").fetchone()
    return 0 if row is None else int(row[1])


def test_a_detached_owner_tells_its_starter_by_the_exit_code_that_the_machine_failed(
    project: Project,
) -> None:
    blocked = streams_folder(project.database, "r1")
    blocked.parent.mkdir(parents=True)
    blocked.touch()
    assert project.run(*UP, "--detached", "--events").returncode == MACHINE_FAILED
    done = project.run("resume", "r1", "--json")
    assert done.returncode == 2
    error = json.loads(done.stdout)["error"]
    assert error["kind"] == "MachineError"
    assert str(blocked) in error["message"]


@pytest.mark.long
def test_a_process_without_descriptors_left_stops_and_names_the_file(project: Project) -> None:
    """The limit comes down when the run has begun, to what is open then."""
    limits = (
        "import os, resource, sys\n"
        "from smithers.engine.streams import Stream\n"
        "opened = Stream.open\n"
        "def without(self):\n"
        "    limit = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
        "    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limit[1]))\n"
        "    try:\n"
        "        opened(self)\n"
        "    finally:\n"
        "        resource.setrlimit(resource.RLIMIT_NOFILE, limit)\n"
        "Stream.open = without\n"
        "from smithers.cli import main\n"
        f"sys.argv = {['smithers', *UP]!r}\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", limits],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2, done.stderr
    assert "2.events.jsonl cannot be written: Too many open files (EMFILE)" in done.stderr
    assert attempts(project) == ["first interrupted"]
    assert project.run("resume", "r1").returncode == 0
