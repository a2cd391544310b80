"""What holds when processes share a database, are killed, or are taken for dead."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from smithers.errors import Owned, StoreError
from smithers.store.lease import this_process
from smithers.store.sqlite import SqliteStore
from tests.store.samples import first_frame, new_run, told

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
Worker = subprocess.Popen[str]
Start = Callable[..., Worker]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts workers, and ends what is left of them."""
    workers: list[Worker] = []

    def start(*args: object) -> Worker:
        command = [sys.executable, "-m", "tests.store.worker", *map(str, args)]
        pipe = subprocess.PIPE
        worker = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.kill()
        worker.communicate(timeout=10)


def heard(worker: Worker) -> str:
    assert worker.stdout is not None
    return worker.stdout.readline().strip()


def ended(worker: Worker, line: str = "\n") -> str:
    said, _ = worker.communicate(line, timeout=30)
    assert worker.returncode == 0
    return said.strip()


def integrity(path: Path) -> str:
    with closing(sqlite3.connect(path)) as db:
        found: str = db.execute("PRAGMA integrity_check").fetchone()[0]
        return found


@pytest.mark.parametrize("acknowledged", [1, 7, 40])
async def test_a_killed_owner_loses_no_acknowledged_frame(
    start: Start, tmp_path: Path, acknowledged: int
) -> None:
    path = tmp_path / "runs.db"
    worker = start("commit", path, "r1", 1_000_000, 2000)
    ledger = [int(heard(worker)) for _ in range(acknowledged)]
    worker.kill()
    assert worker.stdout is not None
    ledger += [int(line) for line in worker.stdout.read().split("\n")[:-1]]
    worker.wait(timeout=10)
    async with await SqliteStore.open(path) as store:
        frames = [f.number for f in (await store.load("r1")).frames]
        assert frames == list(range(len(frames)))
        assert len(frames) - len(ledger) in (0, 1)
        claimed = await store.claim("r1", this_process(), source="s")
        assert claimed.claim.fence == 2
    assert integrity(path) == "ok"


async def test_an_owner_that_seems_dead_and_comes_back_writes_nothing(
    start: Start, tmp_path: Path
) -> None:
    path = tmp_path / "runs.db"
    worker = start("own", path)
    assert heard(worker) == "owns"
    async with await SqliteStore.open(path) as store:
        with pytest.raises(Owned, match=f"process {worker.pid} ") as caught:
            await store.claim("r1", this_process(), source="s")
    assert f"end process {worker.pid}" in caught.value.hint
    later = int(31e9)
    async with await SqliteStore.open(
        path, monotonic_ns=lambda: time.monotonic_ns() + later
    ) as store:
        await store.claim("r1", this_process(), source="s")
        assert ended(worker) == "Fenced"
        assert told((await store.load("r1")).frames) == told([first_frame()])


async def test_processes_may_create_one_database_at_once(start: Start, tmp_path: Path) -> None:
    path = tmp_path / ".smithers" / "runs.db"
    workers = [start("commit", path, f"r{n}", 1, 10) for n in range(4)]
    assert [ended(worker) for worker in workers] == ["0\n1"] * 4
    async with await SqliteStore.open(path, create=False) as store:
        for n in range(4):
            assert len((await store.load(f"r{n}")).frames) == 2


async def test_many_writers_and_their_checkpoints_leave_a_sound_file(
    start: Start, tmp_path: Path
) -> None:
    path = tmp_path / "runs.db"
    workers = [start("commit", path, f"r{n}", 120, 3000) for n in range(4)]
    for worker in workers:
        assert len(ended(worker).split()) == 121
    assert integrity(path) == "ok"
    async with await SqliteStore.open(path) as store:
        for n in range(4):
            frames = (await store.load(f"r{n}")).frames
            assert [f.number for f in frames] == list(range(121))
            assert all(len(f.changes) == 2 for f in frames[1:])


async def test_several_senders_of_the_same_signals_have_each_kept_once(
    start: Start, tmp_path: Path
) -> None:
    path = tmp_path / "runs.db"
    async with await SqliteStore.open(path) as store:
        claim = await store.create(new_run(), this_process(), first_frame())
        workers = [start("send", path) for _ in range(3)]
        said = [word for worker in workers for word in ended(worker).split()]
        rows = await store.inbox(claim, 0)
        assert said.count("AlreadySent") == 3 * 40 - 20
        assert sorted(str(row.signal) for row in rows) == sorted(f"s{n}" for n in range(20))
        assert {str(row.id) for row in rows} == set(said) - {"AlreadySent"}


async def test_another_process_shows_as_a_change(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    async with await SqliteStore.open(path) as store:
        assert not await store.changed()
        ended(start("commit", path, "r1", 1, 10))
        assert await store.changed()
        assert not await store.changed()


async def create_in(path: Path, run_id: str) -> None:
    async with await SqliteStore.open(path, busy_timeout_s=0.05) as store:
        await store.create(new_run(run_id), this_process(), first_frame())


def test_a_database_locked_by_another_process_says_so(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    ended(start("commit", path, "r1", 0, 0))
    worker = start("hold", path)
    assert heard(worker) == "holds"
    with pytest.raises(StoreError, match=r"runs\.db: the database is locked by another process"):
        asyncio.run(create_in(path, "r2"))
    ended(worker)
    asyncio.run(create_in(path, "r2"))


def test_a_file_that_cannot_grow_is_told_and_keeps_what_it_had(
    start: Start, tmp_path: Path
) -> None:
    path = tmp_path / "runs.db"
    said = ended(start("small", path))
    assert said.startswith(f"{path}: the database")
    assert "SQLITE_IOERR" in said or "SQLITE_FULL" in said
    assert integrity(path) == "ok"
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM frames").fetchone() == (1,)
        assert db.execute("SELECT count(*) FROM tasks").fetchone() == (0,)


@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o644, 0o755), (0o666, 0o555)])
def test_a_database_that_may_not_be_written_is_refused(
    start: Start, file_mode: int, folder_mode: int
) -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        folder = Path(name)
        path = folder / "runs.db"
        ended(start("commit", path, "r1", 0, 0))
        before = path.read_bytes()
        path.chmod(file_mode)
        folder.chmod(folder_mode)
        said = ended(start("nobody", path))
        folder.chmod(0o755)
        assert said.startswith(f"{path} cannot be used: ")
        assert "this user may not read and write" in said
        assert path.read_bytes() == before
        assert sorted(p.name for p in folder.iterdir()) == ["runs.db", "runs.db.lock"]
