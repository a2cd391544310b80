"""A process that is stopped while it holds the database's lock, or past its lease: others say who
it is within seconds, and go on once it was ended.
"""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from smithers.engine.supervising import Happened, Supervisor
from smithers.errors import StoreError
from smithers.store.locks import Locked, lock_holders
from smithers.store.opening import file_lock
from smithers.store.sqlite import SqliteStore
from tests.durability.commands import Project, until
from tests.harness.helpers import alive

FLOW = """
import os, signal, sqlite3, time
from pathlib import Path
from smithers import Approval, Context, Node, NoInput, Sequence, Step, workflow

HERE = Path(__file__).parent

def note(word):
    with open(HERE / "ledger", "a") as ledger:
        ledger.write(f"{word} {os.getpid()}\\n")

def hold():
    note("hold")
    if (HERE / "free").exists():
        return "x"
    db = sqlite3.connect(HERE / ".smithers" / "smithers.db", isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(1)  # this thread may go on for a moment after the signal
    db.execute("ROLLBACK")
    note("woke")
    return "x"

def loop():
    note("begun")
    while not (HERE / "free").exists():
        time.sleep(0.01)
        (HERE / "tick").write_text(str(os.getpid()))
    note("ended")
    return "x"

@workflow
def holding(ctx: Context[NoInput]) -> Node:
    return Step("hold", hold)

@workflow
def looping(ctx: Context[NoInput]) -> Node:
    return Step("loop", loop)

@workflow
def gate(ctx: Context[NoInput]) -> Node:
    return Approval("ship", ask="Ship?")
"""

WITHIN_S = 5.0


def is_stopped(pid: int) -> bool:
    return psutil.Process(pid).status() == psutil.STATUS_STOPPED


@pytest.fixture
def stopped(project: Project) -> Iterator[subprocess.Popen[str]]:
    """An owner that is stopped inside a write transaction, beside a run that waits."""
    (project.folder / "flow.py").write_text(FLOW)
    assert project.run("up", "flow.py:gate", "--run-id", "g1").returncode == 3
    owner = project.start("up", "flow.py:holding", "--run-id", "r1")
    until(lambda: is_stopped(owner.pid), "the owner's stop")
    yield owner
    if owner.poll() is None:
        owner.kill()
    owner.communicate(timeout=60)


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    "command",
    [
        ("up", "flow.py:gate", "--run-id", "g2"),
        ("approve", "g1"),
        ("cancel", "g1"),
        ("supervise", "--once"),
    ],
    ids=lambda words: words[0],
)
def test_a_writer_names_the_stopped_process_that_holds_the_lock(
    project: Project, stopped: subprocess.Popen[str], command: tuple[str, ...]
) -> None:
    began = time.monotonic()
    done = project.run(*command)
    took_s = time.monotonic() - began
    assert done.returncode == 2, done.stderr
    assert f"process {stopped.pid} (stopped: " in done.stderr
    assert "flow.py:holding" in done.stderr
    assert f"kill -CONT {stopped.pid}" in done.stderr
    assert f"kill -KILL {stopped.pid}" in done.stderr
    assert took_s < 30 - WITHIN_S, "it waited for the whole busy timeout"


def test_a_store_names_the_stopped_process_within_five_seconds(
    project: Project, stopped: subprocess.Popen[str]
) -> None:
    async def write() -> float:
        async with await SqliteStore.open(project.database) as store:
            began = time.monotonic()
            with pytest.raises(Locked) as raised:
                await store.revive("r1")
            assert [holder.pid for holder in raised.value.holders] == [stopped.pid]
            return time.monotonic() - began

    assert asyncio.run(write()) < WITHIN_S


@pytest.mark.long
def test_an_owner_that_waits_for_a_stopped_process_says_so_and_is_not_ended_by_it(
    project: Project, stopped: subprocess.Popen[str]
) -> None:
    said: list[str] = []

    async def write() -> None:
        async with await SqliteStore.open(project.database) as store:
            store.wait_for_stopped(said.append)
            writing = asyncio.ensure_future(store.revive("g1"))
            while not said:  # noqa: ASYNC110  # another thread tells it
                await asyncio.sleep(0.01)
            assert not writing.done()
            stopped.send_signal(signal.SIGCONT)
            await writing

    asyncio.run(asyncio.wait_for(write(), 60))
    assert f"process {stopped.pid} (stopped" in said[0]


@pytest.mark.long
def test_doctor_names_the_stopped_process(project: Project, stopped: subprocess.Popen[str]) -> None:
    findings = project.json("doctor")["findings"]
    (database,) = [one for one in findings if one["check"] == "database"]
    assert database["state"] == "problem"
    assert f"process {stopped.pid} (stopped: " in database["said"]
    assert f"kill -KILL {stopped.pid}" in database["hint"]


@pytest.mark.long
def test_a_supervisor_ends_an_owner_that_is_stopped_past_its_lease_with_the_lock(
    project: Project, stopped: subprocess.Popen[str]
) -> None:
    (project.folder / "free").touch()
    told: list[Happened] = []

    async def supervise(ahead_ns: int, *, until_told: str) -> None:
        path = project.database
        ahead = lambda: time.monotonic_ns() + ahead_ns  # noqa: E731
        async with await SqliteStore.open(path, monotonic_ns=ahead) as store:
            supervisor = Supervisor(store, path, project.environment, told.append)
            running = asyncio.ensure_future(supervisor.run())
            async with asyncio.timeout(60):
                while until_told not in [one.what for one in told]:
                    assert not running.done(), running.exception()
                    await asyncio.sleep(0.01)
            supervisor.stop()
            await running

    asyncio.run(supervise(0, until_told="failed"))
    assert str(stopped.pid) in told[0].text
    assert is_stopped(stopped.pid), "it was ended within its lease"
    told.clear()
    asyncio.run(supervise(40 * 10**9, until_told="started"))
    assert stopped.wait(timeout=60) == -signal.SIGKILL
    assert ("ended", stopped.pid) in [(one.what, one.pid) for one in told]

    def finished() -> bool:
        runs = project.json("ps")["runs"]
        return any(run["run_id"] == "r1" and run["status"] == "finished" for run in runs)

    until(finished, "the end of the run")
    assert [line.split()[0] for line in project.ledger] == ["hold", "hold"]


@pytest.mark.long
def test_a_supervisor_does_not_end_a_stopped_process_that_owns_nothing(project: Project) -> None:
    code = (
        "import os, signal, sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "db.execute('BEGIN IMMEDIATE')\n"
        "os.kill(os.getpid(), signal.SIGSTOP)\n"
    )
    (project.folder / "flow.py").write_text(FLOW)
    assert project.run("up", "flow.py:gate", "--run-id", "g1").returncode == 3
    words = [sys.executable, "-c", code, str(project.database)]
    with subprocess.Popen(words) as stranger:
        try:
            until(lambda: is_stopped(stranger.pid), "its stop")
            done = project.run("supervise", "--once")
            assert done.returncode == 2
            assert f"process {stranger.pid} (stopped" in done.stderr
            assert is_stopped(stranger.pid)
        finally:
            stranger.kill()


def test_a_lock_file_that_a_stopped_process_holds_names_it(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    path.touch()
    code = (
        "import fcntl, os, signal, sys\n"
        "file = open(sys.argv[1], 'w')\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "os.kill(os.getpid(), signal.SIGSTOP)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, f"{path}.lock"]) as holder:
        try:
            until(lambda: is_stopped(holder.pid), "its stop")
            began = time.monotonic()
            named = rf"process {holder.pid} \(stopped"
            with pytest.raises(StoreError, match=named), file_lock(path, 30):
                pass
            assert time.monotonic() - began < WITHIN_S
        finally:
            holder.kill()


def test_a_holder_that_runs_is_waited_for_and_named_in_the_end(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"

    async def opened(*, writes: bool) -> None:
        async with await SqliteStore.open(path, busy_timeout_s=0.1) as store:
            if writes:
                await store.revive("r1")

    asyncio.run(opened(writes=False))
    code = (
        "import sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "db.execute('BEGIN IMMEDIATE')\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    words = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert [(one.pid, one.stopped) for one in lock_holders(path)] == [(holder.pid, False)]
        with pytest.raises(Locked, match=rf"process {holder.pid} \(running"):
            asyncio.run(opened(writes=True))
        holder.communicate(timeout=30)


def test_a_step_in_a_stopped_owner_does_not_run_beside_the_next_attempt(project: Project) -> None:
    (project.folder / "flow.py").write_text(FLOW)
    owner = project.start("up", "flow.py:looping", "--run-id", "r1")
    until(lambda: (project.folder / "tick").exists(), "the step")
    owner.send_signal(signal.SIGSTOP)
    until(lambda: is_stopped(owner.pid), "its stop")
    with closing(sqlite3.connect(project.database, timeout=30)) as db:
        db.execute("UPDATE owners SET beat_ns = beat_ns - 31000000000 WHERE pid = ?", (owner.pid,))
        db.commit()
    taker = project.start("resume", "r1")
    until(lambda: len(project.ledger) == 2 or taker.poll() is not None, "the second attempt")
    assert not alive(owner.pid), "the stopped owner lives while the next attempt runs"
    owner.send_signal(signal.SIGCONT)
    (project.folder / "free").touch()
    _, said = taker.communicate(timeout=60)
    assert taker.returncode == 0, said
    owner.communicate(timeout=60)
    assert owner.returncode == -signal.SIGKILL
    assert project.ledger == [f"begun {owner.pid}", f"begun {taker.pid}", f"ended {taker.pid}"]
