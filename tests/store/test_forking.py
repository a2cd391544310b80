"""A fork has the rows of its source up to a frame, in each store."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smithers.changes import Frame, StatusChanged
from smithers.errors import Fenced, Owned, Refused, RunExists, UnknownRun
from smithers.state import RunState
from smithers.store import NewRun, Store
from smithers.store.forking import forked_frames
from smithers.store.memory import MemoryStore
from smithers.store.sqlite import SqliteStore
from tests.store.samples import (
    START,
    begin,
    first_frame,
    frame,
    live_owner,
    new_run,
    told,
    whole_run,
)
from tests.store.test_load_gives_what_was_committed import Author, outputs_of

FORKED = StatusChanged(status="running", stopped_by="fork")


def fork_of(run_id: str, at: int, source: str = "r1") -> NewRun:
    later = START + timedelta(days=1)
    return replace(
        new_run(run_id), forked_from=source, forked_at=at, created_at=later, input='{"topic": "x"}'
    )


async def forked(store: Store, frames: list[Frame], at: int) -> list[Frame]:
    claim = await store.create(new_run(), live_owner(), frames[0])
    for each in frames[1:]:
        await store.commit(claim, each)
    await store.release(claim)
    before = told((await store.load("r1")).frames)
    assert await store.fork(fork_of("f", at), None) == "f"
    history = await store.load("f")
    assert (history.run.forked_from, history.run.forked_at) == ("r1", at)
    assert history.run.owner is None
    for one, change in outputs_of(list(history.frames)):
        assert store.output("f", change.key, one.number) == store.output(
            "r1", change.key, one.number
        )
    assert told((await store.load("r1")).frames) == before
    return list(history.frames)


async def forks_in_both(frames: list[Frame], at: int) -> list[list[Frame]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.db"
        async with await SqliteStore.open(path, synchronous="normal") as store:
            return [await forked(MemoryStore(), frames, at), await forked(store, frames, at)]


def without_texts(frames: list[Frame]) -> list[Frame]:
    """As a store loads them, by way of one."""

    async def main() -> list[Frame]:
        store = MemoryStore()
        claim = await store.create(new_run(), live_owner(), frames[0])
        for each in frames[1:]:
            await store.commit(claim, each)
        return list((await store.load("r1")).frames)

    return asyncio.run(main())


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_fork_has_what_its_source_had_at_the_frame(data: st.DataObject) -> None:
    author = Author(data)
    frames = [author.frame(k) for k in range(data.draw(st.integers(1, 6)))]
    at = data.draw(st.integers(0, len(frames) - 1))
    expected = forked_frames(without_texts(frames), at, "r1")
    for loaded in asyncio.run(forks_in_both(frames, at)):
        assert told(loaded) == told(expected)
        assert RunState.of(loaded) == RunState.of(expected)


@pytest.mark.anyio
async def test_a_fork_goes_on_by_itself(store: Store) -> None:
    claim = await store.create(new_run(), live_owner(), first_frame())
    for each in whole_run()[1:4]:
        await store.commit(claim, each)
    await store.release(claim)
    assert await store.fork(fork_of("f", 2), frame(3, FORKED)) == "f"
    claimed = await store.claim("f", live_owner("other"), source="digest-2")
    assert claimed.frame == 3
    assert claimed.claim.fence > claim.fence
    await store.commit(claimed.claim, frame(4, StatusChanged(status="finished", output="1")))
    assert len((await store.load("r1")).frames) == 4
    assert RunState.of((await store.load("f")).frames).run_status == "finished"


@pytest.mark.anyio
async def test_the_first_free_id_is_found(store: Store) -> None:
    await store.release(await begin(store))
    ids = [await store.fork(fork_of("", 0), None, finds_id=True) for _ in range(3)]
    assert ids == ["r1-fork", "r1-fork-2", "r1-fork-3"]
    assert await store.fork(fork_of("", 0, "r1-fork"), None, finds_id=True) == "r1-fork-fork"


@pytest.mark.anyio
async def test_what_cannot_be_forked_is_refused(store: Store) -> None:
    claim = await begin(store)
    with pytest.raises(Owned, match="owned by process"):
        await store.fork(fork_of("f", 0), None)
    await store.release(claim)
    with pytest.raises(UnknownRun):
        await store.fork(fork_of("f", 0, "zz"), None)
    for at in (-1, 1):
        with pytest.raises(Refused, match=f"no frame {at}") as refused:
            await store.fork(fork_of("f", at), None)
        assert "frames are 0 to 0" in refused.value.hint
    with pytest.raises(RunExists):
        await store.fork(fork_of("r1", 0), None)
    with pytest.raises(UnknownRun):
        await store.load("f")


@pytest.mark.anyio
async def test_a_rewind_keeps_what_was_before_it(store: Store) -> None:
    claim = await begin(store)
    await store.commit(claim, frame(1, StatusChanged(status="failed")))
    back = frame(2, StatusChanged(status="running", stopped_by="rewind"))
    kept = await store.rewind(claim, back, fork_of("", 1))
    assert kept == "r1-fork"
    assert RunState.of((await store.load("r1")).frames).run_status == "running"
    assert RunState.of((await store.load(kept)).frames).run_status == "failed"
    await store.release(claim)
    with pytest.raises(Fenced):
        await store.rewind(claim, replace(back, number=3), fork_of("", 2))
    with pytest.raises(UnknownRun):
        await store.load("r1-fork-2")
