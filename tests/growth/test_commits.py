"""What a trivial step costs beside its own work: turns of the loop, SQL, `stat`s, threads."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bench import steps
from smithers.agent import Event
from smithers.changes import Frame, Key
from smithers.engine import threads, timers
from smithers.hub import Hub, Left
from smithers.state import RunState
from smithers.store import Claim, connection
from smithers.store.connection import Connection
from smithers.store.sqlite import SqliteStore
from tests import plans
from tests.calls import calls_of
from tests.growth import continued
from tests.store.samples import begin, frame

FLOW, CONTINUED = steps.__file__, continued.__file__
FEW, MANY = 40, 120
FIRST = 15
"""More commits than those by which it is known that the next are quick, and some of a start."""


@dataclass
class Counts:
    """What happened while a run was driven."""

    turns: int = 0
    turns_by_frame: dict[int, int] = field(default_factory=dict[int, int])
    stats: int = 0
    looks: int = 0
    """How often it was asked whether another process wrote."""
    statements: Counter[str] = field(default_factory=Counter[str])
    commits: Counter[int] = field(default_factory=Counter[int])
    """By the thread that made them."""
    handed: int = 0
    """What the connection's thread was given to do."""
    files: Counter[str] = field(default_factory=Counter[str])
    """What was opened or made, by how and the end of its name."""

    def frame(self, frame: Frame, state: RunState) -> None:
        self.turns_by_frame[frame.number] = self.turns

    def event(self, key: Key, event: Event) -> None: ...

    def note(self, text: str) -> None: ...

    def commits_elsewhere(self) -> int:
        return sum(self.commits.values()) - self.commits[threading.get_ident()]


def watched_connect(
    counts: Counts, connect: Callable[..., sqlite3.Connection]
) -> Callable[..., sqlite3.Connection]:
    """`sqlite3.connect`, with its statements counted."""

    def opened(*args: Any, **options: Any) -> sqlite3.Connection:
        def note(statement: str) -> None:
            if statement.startswith("INSERT INTO owners"):  # which comes by the clock
                counts.statements.subtract(("BEGIN", "COMMIT"))
                return
            word = statement.split()[0]
            counts.looks += statement == "PRAGMA data_version"
            if word != "PRAGMA":  # an owner looks what others wrote by the clock, not by the step
                counts.statements[word] += 1
                counts.commits[threading.get_ident()] += word == "COMMIT"

        db = connect(*args, **options)
        db.set_trace_callback(note)
        return db

    return opened


def counted(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    count: int,
    *,
    company: bool = False,
    file: str = FLOW,
    name: str = "steps",
) -> Counts:
    """Drive a sequence of steps, or another workflow. `company` is another task in the loop."""
    counts, stat, opened, made = Counts(), os.stat, os.open, os.mkdir
    hand_over = Connection._hand_over  # pyright: ignore[reportPrivateUsage]

    def noted_stat(path: Any, **options: Any) -> os.stat_result:
        counts.stats += "runs.db" in str(path)
        return stat(path, **options)

    def noted_files(path: Any, flags: int, *args: Any, **options: Any) -> int:
        how = "write" if flags & (os.O_WRONLY | os.O_RDWR) else "read"
        counts.files[f"{how} {''.join(Path(path).suffixes)}"] += 1
        return opened(path, flags, *args, **options)

    def noted_folder(path: Any, *args: Any, **options: Any) -> None:
        counts.files["make a folder"] += 1
        made(path, *args, **options)

    def handed(db: Connection, waiting: Any, work: Callable[[], Any]) -> None:
        counts.handed += 1
        hand_over(db, waiting, work)

    def turn(loop: asyncio.AbstractEventLoop) -> None:
        counts.turns += 1
        loop.call_soon(turn, loop)

    async def drive() -> Left:
        loop, hub = asyncio.get_running_loop(), Hub(tmp_path / f"{kind}{count}" / "runs.db")
        other = asyncio.ensure_future(asyncio.sleep(600)) if company else None
        (tmp_path / f"{kind}{count}").mkdir()
        loop.call_soon(turn, loop)
        size = {"shape": "sequence", "kind": kind} if file == FLOW else {}
        given = json.dumps({**size, "count": count})
        try:
            return await hub.start(
                file, name=name, input=given, run_id="r1", observer=counts, linger_s=0
            )
        finally:
            if other is not None:
                other.cancel()

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", watched_connect(counts, sqlite3.connect))
        patched.setattr(os, "stat", noted_stat)
        patched.setattr(os, "open", noted_files)
        patched.setattr(os, "mkdir", noted_folder)
        patched.setattr(Connection, "_hand_over", handed)
        assert asyncio.run(drive()).status == "finished"
    return counts


@pytest.fixture
def any_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy this machine is, a transaction counts as quick."""
    monkeypatch.setattr(connection, "_QUICK_S", 60.0)


@pytest.mark.usefixtures("any_pace")
def test_an_async_step_costs_one_turn_of_the_loop_and_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timers, "POLL_S", 600.0)  # a look takes turns as well
    few = counted(tmp_path, monkeypatch, "async", FEW)
    many = counted(tmp_path, monkeypatch, "async", MANY)
    at, more = many.turns_by_frame, MANY - FEW
    assert more <= at[MANY] - at[FEW] <= 1.5 * more  # what else is in the loop has its turns
    assert many.statements.total() - few.statements.total() <= 10 * more
    assert many.stats - few.stats <= 3.5 * more  # of the database and its two files
    assert many.commits.total() >= MANY
    assert few.commits_elsewhere() <= FIRST
    assert many.commits_elsewhere() <= FIRST


@pytest.mark.usefixtures("any_pace")
def test_a_short_sync_step_costs_one_turn_of_the_loop_and_no_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timers, "POLL_S", 600.0)
    monkeypatch.setattr(threads, "_PATIENCE_S", 30)
    made, create_task = list[str | None](), asyncio.TaskGroup.create_task

    def noted(group: asyncio.TaskGroup, work: Any, **options: Any) -> asyncio.Task[Any]:
        made.append(options.get("name"))
        return create_task(group, work, **options)

    monkeypatch.setattr(asyncio.TaskGroup, "create_task", noted)
    at = counted(tmp_path, monkeypatch, "sync", MANY).turns_by_frame
    assert at[MANY] - at[FEW] <= 1.5 * (MANY - FEW)  # what else is in the loop has its turns
    assert not made


@pytest.mark.usefixtures("any_pace")
@pytest.mark.parametrize(("kind", "most"), [("async", 370), ("sync", 380)])
def test_a_step_makes_few_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, most: int
) -> None:
    """Of Python functions, in the thread of the loop, with those that build and check its node."""
    monkeypatch.setattr(timers, "POLL_S", 600.0)
    monkeypatch.setattr(threads, "_PATIENCE_S", 30)
    monkeypatch.setattr(plans, "check", _checks_nothing)

    def calls(count: int) -> int:
        hub = Hub(tmp_path / f"{count}.db")
        given = json.dumps({"shape": "sequence", "kind": kind, "count": count})
        start = partial(hub.start, FLOW, name="steps", input=given, run_id="r1", linger_s=0)
        return calls_of(lambda: asyncio.run(start(observer=Counts())))

    calls(1)
    few, many = calls(FEW), calls(MANY)
    assert (many - few) / (MANY - FEW) <= most


@pytest.mark.usefixtures("any_pace")
def test_a_task_that_continues_a_session_opens_its_own_files_alone_and_needs_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timers, "POLL_S", 600.0)
    few = counted(tmp_path, monkeypatch, "agents", FEW, file=CONTINUED, name="continued")
    many = counted(tmp_path, monkeypatch, "agents", MANY, file=CONTINUED, name="continued")
    more = MANY - FEW
    assert many.files - few.files == {
        "read ": more,  # the folder of this run
        "read .runs": more,
        "write .events.jsonl": more,
        "write .raw.jsonl": more,  # a look whether it is a link
    }
    assert many.handed <= few.handed + 5
    assert many.statements.total() - few.statements.total() <= 15 * more
    assert many.stats - few.stats <= 7.5 * more


@pytest.mark.usefixtures("any_pace")
def test_an_owner_that_never_waits_looks_by_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timers, "POLL_S", 0.0)
    assert counted(tmp_path, monkeypatch, "async", FEW).looks > FEW / 2


@pytest.mark.usefixtures("any_pace")
def test_the_steps_of_a_thread_are_committed_by_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = counted(tmp_path, monkeypatch, "sync", FEW)
    assert counts.commits.total() >= FEW
    assert counts.commits_elsewhere() <= FIRST


@pytest.mark.usefixtures("any_pace")
def test_a_loop_that_has_other_tasks_makes_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = counted(tmp_path, monkeypatch, "async", FEW, company=True)
    assert counts.commits.total() >= FEW
    assert counts.commits[threading.get_ident()] == 0


def test_a_loop_whose_commits_are_slow_makes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_QUICK_S", 0.0)
    counts = counted(tmp_path, monkeypatch, "async", FEW)
    assert counts.commits.total() >= FEW
    assert counts.commits[threading.get_ident()] == 0


@pytest.mark.anyio
async def test_a_commit_waits_for_the_lock_of_another_process_beside_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, handed = tmp_path / "runs.db", asyncio.Event()
    hand_over = Connection._hand_over  # pyright: ignore[reportPrivateUsage]

    def noted(db: Connection, waiting: Any, work: Callable[[], Any]) -> None:
        handed.set()
        hand_over(db, waiting, work)

    async with await SqliteStore.open(path) as store:
        with monkeypatch.context() as patched:
            patched.setattr(connection, "_QUICK_S", 60.0)
            claim = await begin(store)
            for number in range(1, FIRST):
                await store.commit(claim, frame(number))
            patched.setattr(Connection, "_hand_over", noted)
            await _commit_here(store, claim, frame(FIRST))
            assert not handed.is_set()
        monkeypatch.setattr(Connection, "_hand_over", noted)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.ensure_future(_commit_here(store, claim, frame(FIRST + 1)))
        await asyncio.wait_for(handed.wait(), 60)  # the loop goes on meanwhile
        assert not waiting.done()
        other.execute("ROLLBACK")
        other.close()
        await asyncio.wait_for(waiting, 60)
        frames = (await store.load("r1")).frames
        assert [one.number for one in frames] == list(range(FIRST + 2))


def _checks_nothing(_: object) -> None: ...


async def _commit_here(store: SqliteStore, claim: Claim, made: Frame) -> None:
    await store.commit(claim, made, (), (), (), None, True)
