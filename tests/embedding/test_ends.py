"""However a program leaves its runs, nothing of them outlives it, and they can be resumed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from smithers.errors import Owned, Refused
from smithers.hub import Hub
from tests.durability.commands import until
from tests.embedding.flows import Brief, importable, sleeping

ROOT = Path(__file__).parents[2]
WITHIN_S = 60

LONG = """
import asyncio, sys
from pathlib import Path
from smithers.hub import Hub
from tests.embedding.flows import sleeping

async def main():
    async with Hub(Path("app.db")) as hub:
        await (await hub.begin(sleeping, run_id="r1")).wait()

asyncio.run(main())
"""


def sleepers(pid: int | None = None) -> list[psutil.Process]:
    """The programs of `sleeping` below a process."""
    found = psutil.Process(pid).children(recursive=True)
    return [one for one in found if "time.sleep(600)" in " ".join(words_of(one))]


def is_alive(process: psutil.Process) -> bool:
    """Whether it still executes: nobody may have collected the exit code of an orphan."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def words_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


async def until_it_sleeps() -> list[psutil.Process]:
    async with asyncio.timeout(WITHIN_S):
        while not (found := sleepers()):  # noqa: ASYNC110  # other processes begin
            await asyncio.sleep(0.02)
    return found


@pytest.mark.anyio
async def test_closing_the_hub_ends_what_runs_and_leaves_the_run_to_be_resumed(hub: Hub) -> None:
    async with hub:
        waiting = asyncio.create_task(hub.run(sleeping, run_id="r2"))
        await until_it_sleeps()  # a run that is not driven yet when the hub closes is refused
        handle = await hub.begin(sleeping, run_id="r1")
        programs = await until_it_sleeps()
        assert handle.is_running
        with pytest.raises(Refused, match="is open already"):
            await hub.__aenter__()
    assert not any(map(is_alive, programs))
    assert not sleepers()
    assert [(await handle.wait()).status, (await waiting).status] == ["stale", "stale"]
    with pytest.raises(Refused, match="was closed, so run r3 is not driven"):
        await hub.run(sleeping, run_id="r3")
    assert hub.status("r3") is None
    async with hub:
        again = await hub.begin_again("r1", workflow=sleeping)
        await until_it_sleeps()
        again.stop()
        assert (await again.wait()).status == "stale"


@pytest.mark.anyio
async def test_an_error_in_the_block_closes_the_hub_as_well(hub: Hub) -> None:
    async def fail() -> None:
        async with hub:
            await hub.begin(sleeping, run_id="r1")
            await until_it_sleeps()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert (sleepers(), hub.standing("r1").status) == ([], "stale")


@pytest.mark.anyio
async def test_cancelling_a_task_that_runs_ends_its_programs(hub: Hub) -> None:
    task = asyncio.create_task(hub.run(sleeping, run_id="r1"))
    await until_it_sleeps()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (sleepers(), hub.standing("r1").status) == ([], "stale")
    async with hub:
        handle = await hub.begin_again("r1", workflow=sleeping)
        waiter = asyncio.create_task(handle.wait())
        await asyncio.sleep(0)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
        assert handle.is_running


def test_the_end_of_the_loop_ends_its_programs(hub: Hub) -> None:
    async def main() -> None:
        await hub.__aenter__()
        await hub.begin(sleeping, run_id="r1")
        await until_it_sleeps()  # and nobody closes the hub

    asyncio.run(main())
    assert (sleepers(), hub.standing("r1").status) == ([], "stale")


def started(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", LONG],
        cwd=folder,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    until(lambda: bool(sleepers(process.pid)), "the program")
    return process


@pytest.mark.long
@pytest.mark.anyio
async def test_two_programs_on_one_database_do_not_drive_the_same_run(hub: Hub) -> None:
    process = await asyncio.to_thread(started, hub.database.parent)
    programs = sleepers(process.pid)
    try:
        with pytest.raises(Owned, match=f"process {process.pid}"):
            await hub.resume("r1", workflow=sleeping)
        assert (await hub.wait("r1", timeout_s=0.2)).status == "running"
        done = await hub.run(importable, Brief(topic="whales"), run_id="r2")
        assert done.status == "waiting"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(WITHIN_S)
    await asyncio.to_thread(
        until, lambda: not any(map(is_alive, programs)), "the end of its program"
    )
    async with asyncio.timeout(WITHIN_S):
        assert (await hub.wait("r1")).status == "stale"
    async with hub:
        await hub.begin_again("r1", workflow=sleeping)
        await until_it_sleeps()
    assert not sleepers()
