"""A database whose files were deleted, moved or replaced while it is open: nobody writes to it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from smithers.changes import CameUp, Key, held
from smithers.errors import StoreError
from smithers.store.file_systems import refusal_of
from smithers.store.opening import file_lock
from smithers.store.sqlite import SqliteStore
from tests.store.samples import begin, frame, live_owner, settled

pytestmark = pytest.mark.anyio


def wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def copied_over(path: Path) -> None:
    shutil.copyfile(path, path.with_name("copy"))
    path.with_name("copy").rename(path)


def folder_made_again(path: Path) -> None:
    path.parent.rename(path.parent.with_name("away"))
    path.parent.mkdir()


WAYS: dict[str, tuple[Callable[[Path], object], str]] = {
    "deleted": (Path.unlink, "deleted or moved"),
    "renamed": (lambda path: path.rename(path.with_name("other.db")), "deleted or moved"),
    "folder moved": (lambda path: path.parent.rename(path.parent.with_name("b")), "moved"),
    "folder deleted": (lambda path: shutil.rmtree(path.parent), "deleted or moved"),
    "folder made again": (folder_made_again, "deleted or moved"),
    "replaced by a copy": (copied_over, "was replaced"),
    "wal deleted": (lambda path: wal(path).unlink(), "-wal was deleted"),
    "wal replaced": (lambda path: copied_over(wal(path)), "-wal was replaced"),
    "shm deleted": (lambda path: path.with_name(f"{path.name}-shm").unlink(), "-shm was deleted"),
}


@pytest.mark.parametrize("reads_before", [True, False])
@pytest.mark.parametrize("how", WAYS)
async def test_nothing_is_read_or_written_once_a_file_of_the_database_is_another(
    tmp_path: Path, how: str, reads_before: bool
) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    path = folder / "runs.db"
    change, said = WAYS[how]
    async with await SqliteStore.open(path) as store:
        claim = await begin(store)
        given = replace(settled("a", came_up=1), output=held("x" * 5000))
        await store.commit(claim, frame(1, CameUp(key=Key("a")), given))
        if reads_before:
            assert store.output("r1", Key("a"), 1) == "x" * 5000
        change(path)
        with pytest.raises(StoreError, match=said):
            store.output("r1", Key("a"), 1)
        for work in (store.commit(claim, frame(2)), store.load("r1"), store.changed()):
            with pytest.raises(StoreError, match=said) as raised:
                await work
            assert str(path) in raised.value.said
            assert raised.value.hint
        with pytest.raises(StoreError, match=said):
            store.check()


async def test_a_link_that_points_elsewhere_is_noticed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "one")
    async with await SqliteStore.open(link / "runs.db") as store:
        claim = await begin(store)
        link.unlink()
        link.symlink_to(tmp_path / "two")
        with pytest.raises(StoreError, match="deleted or moved"):
            await store.commit(claim, frame(1))


async def test_a_process_beats_and_checkpoints_in_no_database_that_replaced_its_own(
    tmp_path: Path,
) -> None:
    path, other = tmp_path / "runs.db", tmp_path / "other.db"
    async with await SqliteStore.open(other):
        pass
    async with await SqliteStore.open(path, beat_s=0.01, wal_bytes=1) as store:
        claim = await begin(store, live_owner())
        for name in (path, wal(path), path.with_name(f"{path.name}-shm")):
            name.unlink()
        other.rename(path)
        before = path.read_bytes()
        with pytest.raises(StoreError, match="was replaced"):
            await store.commit(claim, frame(1))
        deadline = time.monotonic() + 0.5  # fifty beats
        while time.monotonic() < deadline:
            with pytest.raises(StoreError):
                await store.changed()
    assert path.read_bytes() == before
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM owners").fetchone() == (0,)


async def test_what_a_deleted_wal_held_is_kept_when_its_process_ends(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    async with await SqliteStore.open(path) as store:
        claim = await begin(store)
        await store.commit(claim, frame(1))
        wal(path).unlink()
    async with await SqliteStore.open(path) as store:
        assert [one.number for one in (await store.load("r1")).frames] == [0, 1]


async def test_a_lock_on_a_deleted_lock_file_keeps_nobody_out_and_is_not_ours(
    tmp_path: Path,
) -> None:
    path = tmp_path / "runs.db"
    with file_lock(path, 1) as first:
        assert first
        os.unlink(f"{path}.lock")
        with file_lock(path, 0) as second, file_lock(path, 0) as third:
            assert (second, third) == (True, False)


SHARED = (
    *("virtiofs", "fuse.virtiofs", "virtio-fs", "vboxsf", "VBOXSF", "vmhgfs", "fuse.vmhgfs-fuse"),
    *("grpcfuse", "fuse.grpcfuse", "osxfs", "fuse.osxfs", "9p", "v9fs", "drvfs", "prl_fs"),
    *("prl_vboxsf", "fuse.prl_fsd", "fuse.portal", "fakeowner", "fuse.mutagen", "krunkit"),
)
LOCAL = (
    *("overlay", "overlayfs", "btrfs", "zfs", "ext4", "xfs", "tmpfs", "apfs", "hfs", "f2fs"),
    *("fuse.fuse-overlayfs", "fuseblk", "bcachefs", "ecryptfs", "ntfs3", "ramfs", "aufs", ""),
)


@pytest.mark.parametrize("kind", SHARED)
async def test_a_file_system_shared_with_a_host_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(StoreError, match="shared with a host") as refused:
        await SqliteStore.open(tmp_path / "runs.db", file_system=kind)
    assert "network" not in str(refused.value)
    assert kind in refused.value.said
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("kind", LOCAL)
def test_a_local_file_system_is_accepted(kind: str) -> None:
    assert refusal_of(kind) is None
