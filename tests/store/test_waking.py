"""Whoever wakes runs finds those to be woken, and reads no others."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from smithers.changes import CameUp, Key, StatusChanged
from smithers.store import Claim, Note, Store
from smithers.store.rows import time_text
from smithers.store.sqlite import SqliteStore
from smithers.store.waking import MOST_STARTS, QUERIES
from tests.store.samples import (
    START,
    Clock,
    answer,
    approval,
    begin,
    dead_owner,
    first_frame,
    frame,
    live_owner,
    new_run,
    settled,
)

pytestmark = pytest.mark.anyio

CANCEL = Note(run_id="r1", kind="cancel", body='"enough"', at=START)


async def waiting(store: Store, *, due_s: float | None = None) -> Claim:
    """A run that has asked for an approval and was left."""
    claim = await begin(store)
    await store.commit(claim, approval(1))
    await store.commit(claim, frame(2, StatusChanged(status="waiting")))
    await store.release(claim, None if due_s is None else START + timedelta(seconds=due_s))
    return claim


async def whys(store: Store) -> list[tuple[str, str]]:
    return [(one.run_id, one.why) for one in await store.wakeable()]


async def test_a_run_that_waits_is_not_woken_until_its_answer_comes(store: Store) -> None:
    await waiting(store)
    assert await whys(store) == []
    await store.offer(answer(1))
    assert await whys(store) == [("r1", "answer")]


async def test_an_answer_calls_until_a_frame_has_taken_it(store: Store) -> None:
    await waiting(store)
    row = await store.offer(answer(1))
    claim = (await store.claim("r1", live_owner(), source="s")).claim
    await store.commit(claim, frame(3, CameUp(key=Key("other"))))
    await store.release(claim)
    assert await whys(store) == [("r1", "answer")]
    claim = (await store.claim("r1", live_owner(), source="s")).claim
    await store.commit(claim, frame(4, CameUp(key=Key("more")), inbox=row.id))
    await store.release(claim)
    assert await whys(store) == []


async def test_a_run_is_woken_when_its_time_has_come(store: Store, clock: Clock) -> None:
    await waiting(store, due_s=60)
    clock.move(59)
    assert await whys(store) == []
    clock.move(1)
    assert await whys(store) == [("r1", "due")]


async def test_a_claim_takes_the_time_of_its_wake_away(store: Store, clock: Clock) -> None:
    await waiting(store, due_s=60)
    claim = (await store.claim("r1", live_owner(), source="s")).claim
    await store.release(claim)
    clock.move(61)
    assert await whys(store) == []


async def test_a_stale_claim_leaves_the_time_of_the_wake_alone(store: Store, clock: Clock) -> None:
    claim = await waiting(store, due_s=60)
    await store.release(claim, START + timedelta(seconds=1))
    clock.move(2)
    assert await whys(store) == []


async def test_a_run_whose_owner_died_is_woken_and_one_with_a_living_owner_is_not(
    store: Store,
) -> None:
    await begin(store, dead_owner())
    await store.create(new_run("r2"), live_owner(), first_frame())
    assert await whys(store) == [("r1", "left")]


async def test_a_run_that_a_person_stopped_stays_even_where_an_answer_comes(store: Store) -> None:
    claim = await begin(store)
    await store.commit(claim, approval(1))
    await store.release(claim)
    await store.offer(answer(1))
    assert await whys(store) == []


@pytest.mark.parametrize("status", ["finished", "failed", "cancelled"])
async def test_a_run_that_has_ended_is_not_woken(store: Store, status: str) -> None:
    claim = await begin(store, dead_owner())
    ended = StatusChanged(status=status)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await store.commit(claim, frame(1, ended))
    assert await whys(store) == []
    await store.release(claim)
    await store.offer(CANCEL)
    assert await whys(store) == []


async def test_a_cancel_that_nobody_obeys_is_told_apart(store: Store) -> None:
    await begin(store, dead_owner())
    await store.offer(CANCEL)
    assert await whys(store) == [("r1", "cancel")]


async def test_starts_without_progress_come_ever_later_and_are_given_up(
    store: Store, clock: Clock
) -> None:
    await begin(store, dead_owner())
    pauses: list[float] = []
    for number in range(1, MOST_STARTS + 1):
        assert (await store.revive("r1")).starts == number
        at = clock.at
        while number < MOST_STARTS and (told := await store.revive("r1")).not_before is not None:
            clock.at = told.not_before
            pauses.append((clock.at - at).total_seconds())
            break
    assert pauses == [1, 2, 4, 8]
    assert await whys(store) == [("r1", "left")]
    gave_up = (await store.revive("r1")).gave_up
    assert gave_up == "it was started 5 times without progress; its process ended without a message"
    assert await whys(store) == []


async def test_starts_that_the_machine_failed_make_pauses_longer_and_do_not_count(
    store: Store, clock: Clock
) -> None:
    await begin(store, dead_owner())
    pauses: list[float] = []
    for _ in range(3 * MOST_STARTS):
        assert (await store.revive("r1")).gave_up is None
        assert await store.start_failed("r1", "no space", spared=True) is None
        told = await store.revive("r1")
        assert told.not_before is not None
        pauses.append((told.not_before - clock.at).total_seconds())
        clock.at = told.not_before
    assert pauses[:7] == [1, 2, 4, 8, 16, 32, 60]
    assert set(pauses[7:]) == {60}
    for number in range(1, MOST_STARTS + 1):  # those of the author's do
        assert (await store.revive("r1")).gave_up is None
        gave_up = await store.start_failed("r1", "no such file")
        assert (gave_up is not None) == (number == MOST_STARTS)
        clock.move(60)


async def give_up(store: Store, clock: Clock) -> None:
    for _ in range(MOST_STARTS):
        assert (await store.revive("r1")).gave_up is None
        clock.move(60)
    assert await store.start_failed("r1", "no such file") is not None
    assert await whys(store) == []


async def test_the_reason_of_the_last_start_is_the_reason_to_give_up(
    store: Store, clock: Clock
) -> None:
    await begin(store, dead_owner())
    assert await store.start_failed("r1", "never started") is None
    await give_up(store, clock)
    told = (await store.revive("r1")).gave_up
    assert told == "it was started 5 times without progress: no such file"


async def test_an_answer_takes_the_giving_up_back(store: Store, clock: Clock) -> None:
    await waiting(store, due_s=1)
    clock.move(2)
    await give_up(store, clock)
    await store.offer(answer(1))
    assert len(await whys(store)) == 1
    assert (await store.revive("r1")).starts == 1


async def test_a_claim_of_a_run_that_was_given_up_takes_it_back(store: Store, clock: Clock) -> None:
    await begin(store, dead_owner())
    await give_up(store, clock)
    await store.claim("r1", replace(dead_owner(), id="dead again"), source="s")
    assert await whys(store) == [("r1", "left")]
    assert (await store.revive("r1")).starts == 1


async def test_what_got_further_is_counted_anew_and_an_interruption_is_no_progress(
    store: Store,
) -> None:
    claim = await begin(store, dead_owner())
    assert (await store.revive("r1")).starts == 1
    await store.commit(claim, frame(1, CameUp(key=Key("a"))))
    assert (await store.revive("r1")).not_before is not None
    await store.commit(claim, frame(2, settled("a", came_up=1)))
    assert (await store.revive("r1")).starts == 1


async def test_one_living_process_has_the_seat(store: Store) -> None:
    assert await store.take_seat(dead_owner()) is None
    assert await store.take_seat(live_owner("first")) is None
    holder = await store.take_seat(live_owner("second"))
    assert holder is not None
    assert holder.id == "first"
    assert await store.take_seat(live_owner("first")) is None


async def test_the_seat_is_free_when_its_store_is_closed(tmp_path: Path) -> None:
    async with await SqliteStore.open(tmp_path / "runs.db") as other:
        assert await other.take_seat(live_owner("first")) is None
    async with await SqliteStore.open(tmp_path / "runs.db") as store:
        assert await store.take_seat(live_owner("second")) is None


def waiting_runs(path: Path, number: int) -> None:
    """So many runs that wait for an approval, as their rows."""
    runs = [f"w{n}" for n in range(number)]
    with closing(sqlite3.connect(path)) as db:
        db.executemany(
            "INSERT INTO runs (run_id, workflow, file, folder, interpreter, environment, input,"
            " source, created_at, owner, fence) SELECT ?, workflow, file, folder, interpreter,"
            " environment, input, source, created_at, NULL, 1 FROM runs WHERE run_id = 'r1'",
            [(run,) for run in runs],
        )
        for table, columns in {
            "frames": "frame, at, fence, inbox",
            "statuses": "born, status, error, output",
            "waits": "node, path, kind, born, due, asked, digest, waits_on, allowed_by,"
            " ended, answer",
        }.items():
            db.executemany(
                f"INSERT INTO {table} (run_id, {columns}) SELECT ?, {columns} FROM {table}"
                " WHERE run_id = 'r1'",
                [(run,) for run in runs],
            )
        db.commit()


def plans(path: Path) -> dict[str, list[str]]:
    """How SQLite goes about each question of one look."""
    with closing(sqlite3.connect(path)) as db:
        return {
            name: [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", _wanted(sql))]
            for name, sql in QUERIES.items()
        }


def _wanted(sql: str) -> Sequence[str]:
    return ("2026-01-02T03:04:05.000000Z",) * sql.count("?")


async def test_one_look_at_ten_thousand_waiting_runs_reads_the_ten_that_were_answered(
    tmp_path: Path,
) -> None:
    path = tmp_path / "runs.db"
    async with await SqliteStore.open(path) as store:
        await waiting(store)
        waiting_runs(path, 10_000)
        answered = [f"w{n}" for n in range(500, 10_000, 1000)]
        for run in answered:
            await store.offer(replace(answer(1), run_id=run))
        steps = await counted_steps(store)
        assert sorted(one.run_id for one in await store.wakeable()) == sorted(answered)
    found = plans(path)
    assert "INDEX runs_called" in found["called"][0]
    assert "INDEX runs_due" in found["due"][0]
    assert "INDEX runs_owned" in found["owned"][0]
    assert not [line for plan in found.values() for line in plan if line.startswith("SCAN")]
    # Hundreds of steps of SQLite's machine a run that is woken, and none for the others.
    assert steps < 10 * 1000


async def test_one_look_at_ten_thousand_timers_reads_the_ten_that_are_due(tmp_path: Path) -> None:
    path, now = tmp_path / "runs.db", datetime.now(UTC)
    async with await SqliteStore.open(path) as store:
        await waiting(store)
        waiting_runs(path, 10_000)
        due = [f"w{n}" for n in range(500, 10_000, 1000)]
        times = [(time_text(now + timedelta(days=3)), f"w{n}") for n in range(10_000)]
        times += [(time_text(now - timedelta(seconds=1)), run) for run in due]
        with closing(sqlite3.connect(path)) as db:
            db.executemany("UPDATE runs SET wake_at = ? WHERE run_id = ?", times)
            db.commit()
        steps = await counted_steps(store)
        assert sorted(one.run_id for one in await store.wakeable()) == sorted(due)
    assert steps < 10 * 1000


async def counted_steps(store: SqliteStore) -> int:
    """How many steps SQLite's machine takes for one look, counted in fifties."""
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 50

    await store._db.call(lambda db: db.set_progress_handler(count, 50))  # pyright: ignore[reportPrivateUsage]
    await store.wakeable()
    await store._db.call(lambda db: db.set_progress_handler(None, 0))  # pyright: ignore[reportPrivateUsage]
    return steps
