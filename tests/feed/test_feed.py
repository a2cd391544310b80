"""The events of a run for many clients: nothing lost, nothing twice, and read once for all."""

from __future__ import annotations

import asyncio
import itertools
import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from smithers import reports
from smithers.changes import StatusChanged
from smithers.errors import Refused, SmithersError
from smithers.hub import Feed, Hub, _feed
from smithers.hub._feed import Batch, Dropped, RunClient
from smithers.reports import _heads
from smithers.store import looking
from smithers.store.lease import Beat
from tests.feed.writing import MOST_S, Ids, collect, every_id, fed, writing

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.db"


class Listener:
    """A client that is cut off again and again, and resumes by the id that it had last."""

    def __init__(self) -> None:
        self.ids: Ids = []
        self.cursor: str | None = None
        self.has_ended = False

    async def listen(self, feed: Any, batches: int | None) -> None:
        """Take some batches, all if None, and leave."""
        taken = 0
        async for cursor in collect(feed, self.cursor, self.ids):
            self.cursor, taken = cursor, taken + 1
            if taken == batches:
                return
        self.has_ended = True


@pytest.mark.long
async def test_50_clients_that_are_cut_off_and_resume_lose_and_repeat_nothing(path: Path) -> None:
    listeners = [Listener() for _ in range(50)]
    async with writing(path) as writer:
        for restart in range(6):
            async with fed(path, f"feed{restart}") as feed, asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(one.listen(feed, 1 + (number + restart) % 3))
                    for number, one in enumerate(listeners)
                ]
                while not all(task.done() for task in tasks[::7]):
                    await writer.step(tasks=3)
                for task in tasks:  # as the server dies
                    task.cancel()
        await writer.end()
    async with fed(path) as feed, asyncio.TaskGroup() as group:
        for one in listeners:
            group.create_task(one.listen(feed, None))
    wanted = every_id(path)
    assert all(one.has_ended for one in listeners)
    assert all(one.ids == wanted for one in listeners)


async def test_a_client_may_resume_after_any_event(path: Path) -> None:
    async with writing(path) as writer:
        await writer.step(tasks=2)
        await writer.step()
        await writer.end()
    wanted = every_id(path)
    async with fed(path) as feed:
        for at, (number, n) in enumerate(wanted):
            ids: Ids = []
            async for _ in collect(feed, f"{number}.{n}", ids):
                pass
            assert ids == wanted[at + 1 :]


async def test_a_large_frame_comes_in_parts(path: Path) -> None:
    async with writing(path) as writer:
        await writer.step(tasks=1200)
        await writer.end()
    ids: Ids = []
    async with fed(path) as feed, feed.of_run("r1") as client:
        sizes = [
            sum(json.loads(u.text)["changes"].__len__() for u in b.units) async for b in client
        ]
        async for _ in collect(feed, None, ids):
            pass
    assert ids == every_id(path)
    assert max(sizes) <= 1000


async def test_what_is_read_does_not_depend_on_the_number_of_clients(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    connect = looking.connect_reader

    def connect_traced(*given: Any, **settings: Any) -> sqlite3.Connection:
        db = connect(*given, **settings)
        db.set_trace_callback(asked.append)
        return db

    monkeypatch.setattr(looking, "connect_reader", connect_traced)
    counts: dict[int, int] = {}
    for clients in (1, 50):
        file = path.with_name(f"{clients}.db")
        async with writing(file) as writer, fed(file) as feed:
            listeners = [Listener() for _ in range(clients)]
            async with asyncio.TaskGroup() as group:
                for one in listeners:
                    group.create_task(one.listen(feed, None))
                while not all(one.cursor for one in listeners):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                asked.clear()
                for number in range(1, 21):
                    await writer.step()
                    while not all(one.ids[-1][0] == number for one in listeners):  # noqa: ASYNC110
                        await asyncio.sleep(0.005)
                counts[clients] = sum("usage" in sql or "FROM waits" in sql for sql in asked)
                everything = len(asked)
                await writer.end()
        assert all(one.ids == every_id(file) for one in listeners)
        assert everything < 20 * 60
    assert counts[50] == counts[1] > 0


async def test_events_of_a_long_run_are_kept_within_the_room(path: Path) -> None:
    """As many events as 100 a second for a minute, for a client that reads them late as well."""
    async with writing(path) as writer, fed(path, room_bytes=100_000) as feed:
        held: list[int] = []
        prompt, late = Listener(), Listener()
        async with asyncio.TaskGroup() as group:
            group.create_task(prompt.listen(feed, None))
            for _ in range(100):
                await writer.step(tasks=30)
                held.append(feed.held_bytes)
                await asyncio.sleep(0)
            await writer.end()
            group.create_task(late.listen(feed, None))
        assert prompt.ids == late.ids == every_id(path)
        assert len(prompt.ids) > 6000
    assert feed.held_bytes == 0
    assert max(held) < 100_000 + 256 * 2000


async def test_a_client_that_does_not_come_back_is_dropped_and_resumes(path: Path) -> None:
    now = [0.0]
    async with writing(path) as writer, fed(path, clock=lambda: now[0]) as feed:
        await writer.step()
        async with feed.of_run("r1") as client:
            batch = await anext(client)
            assert feed.clients == 1
            now[0] += 16
            await writer.step()
            while feed.clients:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            assert feed.held_bytes == 0
            with pytest.raises(Dropped, match="took no events for 15 s"):
                await anext(client)
        async with feed.of_run("r1", batch.cursor) as client:
            now[0] += 1
            assert [unit.frame for unit in (await anext(client)).units] == [2]


async def test_time_that_the_first_read_takes_does_not_count_as_away(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, is_looked = [0.0], threading.Event()
    see, drop, reads = reports.see, Feed._drop_stalled, itertools.count()  # pyright: ignore[reportPrivateUsage]

    def slow(*given: Any, **named: Any) -> Any:
        if next(reads) == 0:
            now[0] += 60
            assert is_looked.wait(MOST_S)
        return see(*given, **named)

    def watched(feed: Feed, at: float) -> None:
        drop(feed, at)
        if at >= 60:
            is_looked.set()

    monkeypatch.setattr(reports, "see", slow)
    monkeypatch.setattr(Feed, "_drop_stalled", watched)
    monkeypatch.setattr(_feed, "ALIVE_S", 0.01)
    async with writing(path) as writer, fed(path, clock=lambda: now[0]) as feed:
        await writer.step()
        async with feed.of_run("r1") as client:
            assert (await anext(client)).units


async def ask(client: RunClient) -> Batch:
    return await anext(client)


async def test_a_client_that_waits_long_for_the_next_event_stays(path: Path) -> None:
    now = [0.0]
    async with (
        writing(path) as writer,
        fed(path, clock=lambda: now[0]) as feed,
        feed.of_run("r1") as client,
    ):
        await anext(client)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(ask(client))
            await asyncio.sleep(0)
            now[0] += 3600
            await writer.step()
        assert [unit.frame for unit in waiting.result().units] == [1]


async def test_a_batch_names_the_nodes_that_changed_and_masks_secrets(path: Path) -> None:
    async with writing(path) as writer, fed(path) as feed:
        newest = Hub(path).newest("r1")
        await writer.step(output='"ferret-7Q"')
        await writer.step(output=json.dumps("x" * 5000))
        async with feed.of_run("r1", newest) as client:
            units = (await anext(client)).units
    assert [[key.id for key in unit.changed] for unit in units] == [["t1_0"], ["t2_0"]]
    small, large = (json.loads(unit.text)["changes"][0] for unit in units)
    assert small["output"] == "${A_TOKEN}"
    assert units[0].masked == ("A_TOKEN",)
    assert (large["output"], large["output_bytes"]) == (None, 5002)


def is_dead(beat: Beat) -> bool:
    return False


async def test_the_death_of_an_owner_is_told_without_an_event(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(path) as writer, fed(path) as feed, feed.of_run("r1") as client:
        await writer.write(StatusChanged(status="running"))
        while (batch := await anext(client)).cursor != "1.0":
            pass
        assert batch.status == "running"
        monkeypatch.setattr(_heads, "is_alive", is_dead)
        batch = await anext(client)
        assert (batch.status, batch.units) == ("stale", ())


async def test_a_cursor_of_another_run_and_an_unknown_run_are_refused(path: Path) -> None:
    async with writing(path) as writer, fed(path) as feed:
        await writer.step()
        for cursor in ("1.7", "2.0", "x", "1"):
            with pytest.raises(Refused, match="is not a cursor"):
                async with feed.of_run("r1", cursor):
                    pass
        with pytest.raises(SmithersError, match="r9"):
            async with feed.of_run("r9"):
                pass
        assert feed.clients == 0


async def test_no_more_clients_than_a_number_are_let_in(path: Path) -> None:
    async with writing(path), fed(path, most_clients=2) as feed:
        async with feed.of_all(), feed.of_all():
            with pytest.raises(Refused, match="2 clients listen already"):
                async with feed.of_run("r1"):
                    pass
        async with feed.of_run("r1"):
            assert feed.clients == 1


async def test_the_list_of_runs_tells_which_have_changed_and_resumes_by_id(path: Path) -> None:
    async with writing(path) as writer, fed(path) as feed:
        async with feed.of_all() as client:
            first = await anext(client)
            assert (first.every, first.runs) == (True, ())
            await writer.step()
            second = await anext(client)
            assert (second.every, second.runs) == (False, ("r1",))
            async with feed.of_all(second.id) as other:
                assert (await anext(other)).runs == ()
                async with writing(path, "r2"):
                    assert (await anext(other)).runs == ("r2",)
            async with feed.of_all(first.id) as other:
                assert set((await anext(other)).runs) == {"r1", "r2"}
        async with feed.of_all("another.1") as client:
            assert (await anext(client)).every


async def test_a_feed_of_a_folder_without_a_database_waits_for_one(path: Path) -> None:
    async with fed(path) as feed, feed.of_all() as client:
        assert (await anext(client)).every
        async with writing(path):
            assert (await anext(client)).runs == ("r1",)


def test_what_the_feed_asks_of_a_page_is_what_events_gives(path: Path) -> None:
    async def made() -> None:
        async with writing(path) as writer:
            await writer.step(tasks=2)
            await writer.end()

    asyncio.run(made())
    views = [view for view, _ in reports.frames_between(path, "r1", 0, 9) if view.changes]
    assert views == list(Hub(path).events("r1").frames)
