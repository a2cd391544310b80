"""Looking at a database changes neither the file nor its folder, wherever it lies."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from smithers.errors import StoreError
from smithers.store.looking import copies, looking, peek
from smithers.store.sqlite import SqliteStore
from tests.store.samples import begin, dead_owner, frame

pytestmark = pytest.mark.anyio

_COMMIT_AND_DIE = """
import asyncio, os, sys
from pathlib import Path
from smithers.store.sqlite import SqliteStore
from tests.store.samples import begin, dead_owner, frame

async def main() -> None:
    store = await SqliteStore.open(Path(sys.argv[1]))
    claim = await begin(store, dead_owner())
    await store.commit(claim, frame(1))
    os._exit(9)

asyncio.run(main())
"""


def killed_in_use(path: Path) -> None:
    """A database whose owner was killed: its last frames are in the `-wal` alone."""
    subprocess.run([sys.executable, "-c", _COMMIT_AND_DIE, str(path)], check=False)
    assert path.with_name(f"{path.name}-wal").stat().st_size > 0


def frames_in(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM frames").fetchone()[0])


def everything_in(folder: Path) -> dict[str, str]:
    return {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in sorted(os.listdir(folder))
    }


@contextmanager
def read_only(folder: Path) -> Generator[None]:
    """The folder, on a mount that nobody may write if we are root, else by its permissions."""
    if os.geteuid():
        folder.chmod(0o500)
        try:
            yield
        finally:
            folder.chmod(0o700)
        return
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


async def test_a_file_that_nobody_has_open_is_read_without_a_file_beside_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "runs.db"
    async with await SqliteStore.open(path) as store:
        await begin(store, dead_owner())
    before = everything_in(tmp_path)
    with looking(path) as db:
        assert frames_in(db) == 1
        with pytest.raises(sqlite3.OperationalError):
            db.execute("DELETE FROM frames")
    assert everything_in(tmp_path) == before


async def test_a_file_in_use_is_read_with_what_was_committed_last(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    async with await SqliteStore.open(path) as store:
        claim = await begin(store)
        await store.commit(claim, frame(1))
        with looking(path) as db:
            assert frames_in(db) == 2
            await store.commit(claim, frame(2))
            assert frames_in(db) == 2  # one moment


def test_a_read_only_folder_is_read_from_a_private_copy_with_its_wal(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    path = folder / "runs.db"
    killed_in_use(path)
    path.with_name(f"{path.name}-shm").unlink()
    before = everything_in(folder)
    with read_only(folder), looking(path) as db:
        assert frames_in(db) == 2
        assert "may not write to" in copies[path.resolve()]
    assert everything_in(folder) == before
    assert not list(Path(os.environ.get("TMPDIR", "/tmp")).glob("smithers-*/copy.db"))


def test_changes_that_are_in_the_wal_alone_are_read_without_making_a_shm(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    killed_in_use(path)
    path.with_name(f"{path.name}-shm").unlink()
    before = everything_in(tmp_path)
    with looking(path) as db:
        assert frames_in(db) == 2
    assert everything_in(tmp_path) == before


async def test_a_file_that_is_replaced_under_a_reader_is_read_as_of_one_moment(
    tmp_path: Path,
) -> None:
    path = tmp_path / "runs.db"
    async with await SqliteStore.open(path) as store:
        await begin(store, dead_owner())
    other = tmp_path / "other.db"
    other.write_bytes(b"something else")
    with looking(path) as db:
        os.replace(other, path)
        assert frames_in(db) == 1


async def test_a_large_file_that_is_replaced_under_a_reader_is_not_taken_for_one_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smithers.store.looking._LARGE_BYTES", 1000)
    path = tmp_path / "runs.db"
    async with await SqliteStore.open(path) as store:
        await begin(store, dead_owner())
    other = tmp_path / "other.db"
    shutil.copy(path, other)

    def look() -> None:
        with looking(path) as db:
            assert frames_in(db) == 1
            os.replace(other, path)

    with pytest.raises(StoreError, match="was changed while it was being read"):
        look()


def test_a_file_that_is_being_made_is_empty_or_whole(tmp_path: Path) -> None:
    """Readers look all the while that other processes make databases."""
    code = "import sys, asyncio; from smithers.store.sqlite import SqliteStore as S\n"
    code += "async def main():\n  for p in sys.argv[1:]:\n    await (await S.open(p)).close()\n"
    paths = [tmp_path / f"{number}.db" for number in range(20)]
    with subprocess.Popen([sys.executable, "-c", f"{code}asyncio.run(main())", *paths]) as maker:
        for path in paths:
            while not path.exists() or not path.stat().st_size:
                assert maker.poll() in (None, 0)
            for _ in range(20):
                with looking(path) as db:
                    assert frames_in(db) == 0


def test_a_newer_file_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    killed_in_use(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA user_version = 99")
    before = everything_in(tmp_path)
    with pytest.raises(StoreError, match="newer Smithers"), looking(path):
        pass
    assert everything_in(tmp_path) == before


async def test_peeking_sees_what_looking_sees_and_copies_no_file_that_nobody_has_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "runs.db"
    async with await SqliteStore.open(path) as store:
        claim = await begin(store)
        assert peek(path, frames_in) == 1
        await store.commit(claim, frame(1))
        assert peek(path, frames_in) == 2
    before = everything_in(tmp_path)
    with monkeypatch.context() as without:
        without.setattr("smithers.store.looking._private", None)
        assert peek(path, frames_in) == 2
    assert everything_in(tmp_path) == before
    killed_in_use(tmp_path / "killed.db")
    assert peek(tmp_path / "killed.db", frames_in) == 2


async def test_peeking_reads_again_what_changed_meanwhile(tmp_path: Path) -> None:
    path, other = tmp_path / "runs.db", tmp_path / "other.db"
    async with await SqliteStore.open(path) as store:
        await begin(store, dead_owner())
    async with await SqliteStore.open(other):
        pass
    seen: list[int] = []

    def read(db: sqlite3.Connection) -> int:
        seen.append(frames_in(db))
        if len(seen) == 1:
            os.replace(other, path)
        return seen[-1]

    assert peek(path, read) == 0
    assert seen == [1, 0]
