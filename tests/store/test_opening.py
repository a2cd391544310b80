"""Files that cannot be our database: each is told clearly, and left as it was."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from smithers.changes import CameUp, Key, Settled, held
from smithers.errors import StoreError
from smithers.store import ProcessRow
from smithers.store.migrations import APPLICATION_ID, NEWEST, migrate, published
from smithers.store.opening import connect, open_database, version_of
from smithers.store.sqlite import SqliteStore
from tests.store.make_newest import NEWEST_SQL, newest_sql
from tests.store.samples import begin, dead_owner, first_frame, frame, settled, told, whole_run

pytestmark = pytest.mark.anyio


def run_sql(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


async def refusal(path: Path) -> str:
    """What opening the file says, having checked that it leaves everything as it was."""
    before = {p: p.read_bytes() for p in path.parent.iterdir() if p.is_file()}
    with pytest.raises(StoreError) as caught:
        await SqliteStore.open(path, busy_timeout_s=0.05)
    after = {p: p.read_bytes() for p in path.parent.iterdir() if p.is_file()}
    assert after == before
    return str(caught.value)


async def test_a_new_database_is_private_and_kept_out_of_git(tmp_path: Path) -> None:
    path = tmp_path / ".smithers" / "smithers.db"
    async with await SqliteStore.open(path):
        pass
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    ignored = (path.parent / ".gitignore").read_text().splitlines()
    assert ignored == ["/smithers.db*", "/smithers.runs/", "/logs/", "/worktrees/", "__pycache__/"]


async def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    path.touch(0o644)
    async with await SqliteStore.open(path) as store:
        await begin(store)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["hello", "x" * 10_000])
async def test_a_file_that_is_no_database_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text)
    assert f"{path}: the database is not a database" in await refusal(path)


async def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    run_sql(path, "CREATE TABLE runs (run_id)")
    assert "not a Smithers database" in await refusal(path)
    run_sql(path, "DROP TABLE runs", "PRAGMA application_id = 7")
    assert "not a Smithers database" in await refusal(path)


async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    run_sql(path, f"PRAGMA application_id = {APPLICATION_ID}", "PRAGMA user_version = 99")
    assert "newer Smithers (version 99" in await refusal(path)


async def test_a_database_that_is_missing_is_refused_if_it_must_exist(tmp_path: Path) -> None:
    path = tmp_path / ".smithers" / "runs.db"
    with pytest.raises(StoreError, match=r"the folder .* does not exist"):
        await SqliteStore.open(path, create=False)
    path.parent.mkdir()
    with pytest.raises(StoreError, match=r"runs\.db does not exist"):
        await SqliteStore.open(path, create=False)
    assert not path.exists()


async def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a folder"):
        await SqliteStore.open(tmp_path)
    with pytest.raises(
        StoreError, match=r"missing does not exist\nhint: create it with `mkdir -p "
    ):
        await SqliteStore.open(tmp_path / "missing" / "runs.db")
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="is not a folder"):
        await SqliteStore.open(tmp_path / "file" / "runs.db")
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "SMB2", "fuse.sshfs", "fuse.gvfsd-fuse"])
async def test_a_network_file_system_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(StoreError, match=r"network file system .* can lose data"):
        await SqliteStore.open(tmp_path / "runs.db", file_system=kind)
    assert os.listdir(tmp_path) == []


async def test_a_new_file_locked_by_another_is_told(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="is locked by another process"):
            await SqliteStore.open(path, busy_timeout_s=0.05)
        other.execute("ROLLBACK")
    async with await SqliteStore.open(path) as store:
        await begin(store)


async def test_a_full_database_keeps_what_it_had(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    large = (CameUp(key=Key("a")), settled("a", came_up=1, output='"' + "x" * 900_000 + '"'))
    async with await SqliteStore.open(path, max_pages=100) as store:
        claim = await begin(store)
        with pytest.raises(StoreError, match=r"the database is full .*\nhint: free some space"):
            await store.commit(claim, frame(1, *large))
        assert told((await store.load("r1")).frames) == told([first_frame()])
        await store.commit(claim, frame(1))
    async with await SqliteStore.open(path) as store:
        assert told((await store.load("r1")).frames) == told([first_frame(), frame(1)])


async def test_a_new_database_that_does_not_fit_can_be_opened_later(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with pytest.raises(StoreError, match="is full"):
        await SqliteStore.open(path, max_pages=3)
    async with await SqliteStore.open(path) as store:
        await begin(store)


async def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    async with await SqliteStore.open(path) as store:
        await begin(store)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    with pytest.raises(StoreError, match=r"runs\.db: the database is damaged"):
        async with await SqliteStore.open(path) as store:
            await store.load("r1")


async def test_text_that_cannot_be_kept_leaves_nothing_behind(tmp_path: Path) -> None:
    async with await SqliteStore.open(tmp_path / "runs.db") as store:
        claim = await begin(store)
        bad = settled("a", came_up=1, output='"\ud800"')
        with pytest.raises(StoreError, match="lone surrogate"):
            await store.commit(claim, frame(1, CameUp(key=Key("a")), bad))
        with pytest.raises(StoreError, match="64 bits"):
            await store.commit(claim, frame(1, inbox=2**70))
        assert told((await store.load("r1")).frames) == told([first_frame()])


async def test_a_closed_store_says_that_it_is_closed(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "runs.db")
    await store.close()
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.load("r1")


async def test_a_file_of_version_1_opens_and_loads(tmp_path: Path) -> None:
    # version_1.sql is a dump of a file as version 1 wrote it (make_version_1.py), never edited.
    path = tmp_path / "runs.db"
    dump = Path(__file__).with_name("version_1.sql").read_text("utf-8")
    with closing(sqlite3.connect(path)) as db:
        db.executescript(dump)
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
    async with await SqliteStore.open(path) as store:
        assert told((await store.load("r1")).frames) == told(whole_run())
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(published()),)
        assert db.execute("SELECT severity, good FROM out_analysis").fetchall() == [("high", 1)]


@pytest.mark.parametrize("size", [4095, 4096, 4097])
async def test_outputs_of_an_older_file_are_held_as_those_of_now(tmp_path: Path, size: int) -> None:
    text = "ä" * (size // 2) + "x" * (size % 2)
    given = frame(1, CameUp(key=Key("a")), settled("a", came_up=1, output=text))
    path = tmp_path / "runs.db"
    async with await SqliteStore.open(path) as store:
        await store.commit(await begin(store), given)
    with closing(sqlite3.connect(path)) as db:
        db.executescript("DROP TABLE ends; DROP TABLE large_outputs; PRAGMA user_version = 5")
        db.execute("DELETE FROM owners")
        db.commit()
    # It has the columns of later versions already.
    async with await SqliteStore.open(path, migrations=published()[:6]) as store:
        (loaded,) = [
            one for one in (await store.load("r1")).frames[1].changes if isinstance(one, Settled)
        ]
        assert loaded.output == held(text)
        assert isinstance(loaded.output, str) == (size <= 4096)
        assert store.output("r1", Key("a"), 1) == text


async def test_a_migration_goes_forward_once_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    async with await SqliteStore.open(path) as store:
        await begin(store, dead_owner())
    more = "CREATE TABLE more (x); -- one; with a comment\nALTER TABLE runs ADD COLUMN extra;\n"
    failing = "CREATE TABLE half (x);\nINSERT INTO nowhere VALUES (1);"
    with pytest.raises(StoreError, match="nowhere"):
        await SqliteStore.open(path, migrations=(*published(), more, failing))
    with closing(sqlite3.connect(path)) as db:
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}
        assert names.isdisjoint({"more", "half"})
        assert db.execute("PRAGMA user_version").fetchone() == (len(published()),)
    for _ in range(2):
        async with await SqliteStore.open(path, migrations=(*published(), more)) as store:
            assert told((await store.load("r1")).frames) == told([first_frame()])


@pytest.mark.parametrize("migrations", [None, published()], ids=["at once", "one by one"])
def test_another_process_sees_no_version_between_none_and_the_last(
    tmp_path: Path, migrations: Sequence[str] | None
) -> None:
    path, seen = tmp_path / "runs.db", list[int]()
    with closing(connect(path, create=True, busy_timeout_s=1)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        with closing(sqlite3.connect(path)) as other:

            def look(_: str) -> None:
                seen.extend(other.execute("PRAGMA user_version").fetchone())

            db.set_trace_callback(look)
            migrate(db, 0, migrations)
            look("")
    assert set(seen) == {0, len(published())}
    assert len(seen) > len(published())


def test_a_new_file_is_as_all_versions_one_after_the_other_make_it(tmp_path: Path) -> None:
    assert len(published()) == NEWEST
    kept = NEWEST_SQL.read_text("utf-8")
    assert kept == newest_sql(), "type: python -m tests.store.make_newest"
    schemas: list[set[tuple[str, ...]]] = []
    for name, migrations in (("new", None), ("old", published())):
        with closing(open_database(tmp_path / name, migrations=migrations)) as db:
            schemas.append(set(db.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema")))
            assert version_of(db) == NEWEST
            assert db.execute("SELECT count(*) FROM identity").fetchone() == (1,)
    assert schemas[0] == schemas[1]


async def test_a_failing_migration_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    async with await SqliteStore.open(path) as store:
        await begin(store)
    before = path.read_bytes()
    bad = "DROP TABLE inbox;\nDELETE FROM runs;\nbad;"
    with pytest.raises(StoreError):
        await SqliteStore.open(path, migrations=(*published(), bad))
    assert path.read_bytes() == before


def test_the_protocol_can_be_had_without_a_database_library() -> None:
    code = "import sys, smithers, smithers.store; print('aiosqlite' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert found.stdout == "False\n"


async def test_each_table_begins_with_its_key_as_sqlite_3_40_wants_it(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    async with await SqliteStore.open(path) as store:
        row = ProcessRow(owner="o1", run_id="r1", serial=1, pid=2, started="3")
        await store.add_processes([row])
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        tables = db.execute("SELECT name FROM pragma_table_list WHERE type = 'table' AND wr = 1")
        for (name,) in tables.fetchall():
            places = [key for (_, _, _, _, _, key) in db.execute(f"PRAGMA table_info({name})")]
            of_the_key = [key for key in places if key]
            assert places[: len(of_the_key)] == list(range(1, len(of_the_key) + 1)), name
