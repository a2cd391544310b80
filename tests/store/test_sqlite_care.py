"""Checkpoints, heartbeats and leases."""

from __future__ import annotations

import fcntl
import os
import re
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from smithers.changes import CameUp, Key
from smithers.errors import Owned
from smithers.store import Owner
from smithers.store.lease import (
    Beat,
    is_alive,
    lease_of,
    started_of,
    this_host,
    this_process,
    utc_now,
)
from smithers.store.sqlite import SqliteStore
from tests.places import SMITHERS
from tests.store.samples import (
    START,
    Clock,
    begin,
    dead_owner,
    frame,
    idle_child,
    live_owner,
    settled,
)

pytestmark = pytest.mark.anyio

LIMIT = 64 << 10


async def grow(store: SqliteStore, path: Path, first: int, count: int) -> int:
    """Commit frames of some 8 KB, and give the largest size that the WAL had after one."""
    claim = await begin(store) if first == 1 else None
    claim = claim or (await store.claim("r1", live_owner(f"o{first}"), source="s")).claim
    largest = 0
    for number in range(first, first + count):
        done = settled(f"t{number}", came_up=number, output='"' + "x" * 8000 + '"')
        await store.commit(claim, frame(number, CameUp(key=Key(f"t{number}")), done))
        largest = max(largest, os.stat(f"{path}-wal").st_size)
    await store.release(claim)
    return largest


async def test_the_wal_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    async with await SqliteStore.open(path, wal_bytes=LIMIT) as store:
        assert await grow(store, path, 1, 100) < 3 * LIMIT
    assert sorted(os.listdir(tmp_path)) == ["runs.db", "runs.db.lock"]


async def test_a_link_to_a_database_shares_its_wal_and_lock(tmp_path: Path) -> None:
    path, link = tmp_path / "runs.db", tmp_path / "link.db"
    os.symlink(path, link)
    async with await SqliteStore.open(link, wal_bytes=LIMIT) as store:
        assert await grow(store, path, 1, 60) < 3 * LIMIT
    assert sorted(os.listdir(tmp_path)) == ["link.db", "runs.db", "runs.db.lock"]


async def test_a_reader_delays_a_checkpoint_and_breaks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    async with await SqliteStore.open(path, wal_bytes=LIMIT) as store:
        await grow(store, path, 1, 5)
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            assert reader.execute("SELECT count(*) FROM outputs").fetchone() == (5,)
            assert await grow(store, path, 6, 60) > 3 * LIMIT
            assert reader.execute("SELECT count(*) FROM outputs").fetchone() == (5,)
        await grow(store, path, 66, 150)
        assert os.stat(f"{path}-wal").st_size < 3 * LIMIT
        assert len((await store.load("r1")).frames) == 216


async def test_a_checkpoint_is_left_to_whoever_is_at_it(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    async with await SqliteStore.open(path, wal_bytes=LIMIT) as store:
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert await grow(store, path, 1, 60) > 3 * LIMIT
        os.close(lock)


async def test_a_process_beats_until_its_store_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    async with await SqliteStore.open(path, beat_s=0.005) as store:
        await begin(store)
        await store.changed()
        with anyio.fail_after(10):
            while not await store.changed():
                await anyio.lowlevel.checkpoint()
        with closing(sqlite3.connect(path)) as db:
            row = db.execute("SELECT owner, host, pid, started, beat_ns, beat_at FROM owners")
            assert is_alive(Beat.of(row.fetchone()))
    async with await SqliteStore.open(path) as store:
        with pytest.raises(Owned):
            await store.claim("r1", live_owner("second"), source="s")


async def test_the_row_of_a_process_goes_when_nothing_needs_it(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    async with await SqliteStore.open(path) as store:
        await store.release(await begin(store))
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM owners").fetchone() == (0,)


async def test_a_host_that_fell_silent_loses_its_runs_after_lease_and_grace(
    tmp_path: Path,
) -> None:
    elsewhere = replace(live_owner("far"), host="moon")
    path = tmp_path / "runs.db"
    async with await SqliteStore.open(path, now=lambda: START) as store:
        await begin(store, elsewhere)
    clock = Clock()
    async with await SqliteStore.open(path, now=clock) as store:
        clock.move(59)
        with pytest.raises(Owned, match="host moon, which was last seen 59 s ago"):
            await store.claim("r1", live_owner(), source="s")
        clock.move(2)
        assert (await store.claim("r1", live_owner(), source="s")).claim.fence == 2


def test_a_lease_ages_on_the_monotonic_clock_of_one_host() -> None:
    now, ns = utc_now(), time.monotonic_ns()
    beat = Beat(owner=live_owner(), beat_ns=ns, beat_at=now - timedelta(days=3))
    assert lease_of(beat, now=now, monotonic_ns=ns + int(29e9)) == "held"
    assert lease_of(beat, now=now, monotonic_ns=ns + int(31e9)) == "expired"


def test_a_process_that_ended_holds_nothing() -> None:
    now, ns = utc_now(), time.monotonic_ns()
    gone = Beat(owner=dead_owner(), beat_ns=ns, beat_at=now)
    assert lease_of(gone, now=now, monotonic_ns=ns) == "dead"
    assert not is_alive(gone)
    another = Beat(owner=replace(live_owner(), started="1"), beat_ns=ns, beat_at=now)
    assert lease_of(another, now=now, monotonic_ns=ns) == "dead"


def test_a_killed_process_that_nobody_reaped_is_dead() -> None:
    child = idle_child()
    assert started_of(child.pid) is not None
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert started_of(child.pid) is None
    child.communicate()


def test_this_process_is_one_owner() -> None:
    me = this_process()
    assert me == this_process()
    assert me == Owner(id=me.id, host=this_host(), pid=os.getpid(), started=me.started)
    assert started_of(me.pid) == me.started


def test_no_statement_has_numbered_placeholders() -> None:
    """Python 3.12.0 to 3.12.3 warn of those: `?` and `:name` say the same."""
    pattern = re.compile(r"(=|<|>|\(|BETWEEN|AND|IS|,) \?[1-9]|\(\?[1-9]")
    found = [path for path in SMITHERS.rglob("*.py") if pattern.search(path.read_text())]
    assert found == []
