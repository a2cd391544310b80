"""Another process at the same database: `python -m tests.store.worker JOB PATH ...`.

It says each thing it has done on a line of its own, and waits for a line where it must wait.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from smithers.changes import CameUp, Key
from smithers.errors import SmithersError
from smithers.store.lease import this_process
from smithers.store.migrations import published
from smithers.store.sqlite import SqliteStore
from tests.store.samples import first_frame, frame, new_run, settled, signal


def say(text: object) -> None:
    print(text, flush=True)  # noqa: T201  # the pipe is how the test hears of it


async def commit(path: Path, run_id: str, count: int, bytes_each: int) -> None:
    """Create a run and commit frames to it, saying each number when it is durable."""
    async with await SqliteStore.open(path, wal_bytes=32 << 10) as store:
        claim = await store.create(new_run(run_id), this_process(), first_frame())
        say(0)
        for number in range(1, count + 1):
            up = CameUp(key=Key(f"t{number}"))
            done = settled(f"t{number}", came_up=number, output='"' + "x" * bytes_each + '"')
            await store.commit(claim, frame(number, up, done))
            say(number)


async def own(path: Path) -> None:
    """Own a run, and try to commit to it when told."""
    async with await SqliteStore.open(path) as store:
        claim = await store.create(new_run(), this_process(), first_frame())
        say("owns")
        await asyncio.to_thread(sys.stdin.readline)
        try:
            await store.commit(claim, frame(1))
            say("committed")
        except SmithersError as error:
            say(type(error).__name__)


async def send(path: Path) -> None:
    """Send twenty signals, each twice, saying what became of each."""
    async with await SqliteStore.open(path) as store:
        for number in range(20):
            for _ in range(2):
                try:
                    kept = await store.offer(signal(f"s{number}", data=str(number)))
                    say(f"{kept.id}")
                except SmithersError as error:
                    say(type(error).__name__)


async def nobody(path: Path) -> None:
    """Open the database as a user who may not write it."""
    published()
    if os.getuid() == 0:
        os.setuid(65534)
    try:
        async with await SqliteStore.open(path):
            say("opened")
    except SmithersError as error:
        say(error.said)


async def small(path: Path) -> None:
    """Write more than a file of this process may hold."""
    async with await SqliteStore.open(path) as store:
        claim = await store.create(new_run(), this_process(), first_frame())
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
        try:
            up = CameUp(key=Key("a"))
            done = settled("a", came_up=1, output='"' + "x" * 1_000_000 + '"')
            await store.commit(claim, frame(1, up, done))
            say("committed")
        except SmithersError as error:
            say(error.said)


def hold(path: Path) -> None:
    """Hold the database locked until told to end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        say("holds")
        sys.stdin.readline()


def main(job: str, path: str, *rest: str) -> None:
    where = Path(path)
    if job == "commit":
        run_id, count, bytes_each = rest
        asyncio.run(commit(where, run_id, int(count), int(bytes_each)))
    elif job == "hold":
        hold(where)
    else:
        asyncio.run({"own": own, "nobody": nobody, "small": small, "send": send}[job](where))


if __name__ == "__main__":
    main(*sys.argv[1:])
