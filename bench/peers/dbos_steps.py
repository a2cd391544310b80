"""Trivial steps on DBOS with SQLite: `python dbos_steps.py SHAPE KIND N FOLDER`.

DBOS as it comes: its own settings of SQLite, no admin server. A sequence is a workflow that calls a
step N times, awaiting each; for KIND sync both are plain functions. A fan-out is a workflow that
awaits N async steps together, 8 at a time as Smithers does by default. A workflow of one step, in
the same database since a process of DBOS has one, goes before.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from dbos import DBOS

AT_ONCE = 8
SHAPE, KIND, COUNT = sys.argv[1], sys.argv[2], int(sys.argv[3])
FOLDER = Path(sys.argv[4]) / "run"
FOLDER.mkdir()

DBOS(
    config={
        "name": "bench",
        "system_database_url": f"sqlite:///{FOLDER / 'dbos.db'}",
        "run_admin_server": False,
        "log_level": "ERROR",
    }
)


@DBOS.step()
async def asynchronous() -> int:
    return 1


@DBOS.step()
def synchronous() -> int:
    return 1


@DBOS.workflow()
async def sequence_async(count: int) -> int:
    return sum([await asynchronous() for _ in range(count)])


@DBOS.workflow()
def sequence_sync(count: int) -> int:
    return sum(synchronous() for _ in range(count))


@DBOS.workflow()
async def fan_out(count: int) -> int:
    slots = asyncio.Semaphore(AT_ONCE)

    async def one() -> int:
        async with slots:
            return await asynchronous()

    return sum(await asyncio.gather(*(one() for _ in range(count))))


async def run(count: int) -> int:
    if SHAPE == "fan-out":
        return await fan_out(count)
    return await sequence_async(count)


async def measure() -> float:
    DBOS.launch()
    await run(1)
    before = time.process_time()
    assert await run(COUNT) == COUNT
    return time.process_time() - before


def measure_sync() -> float:
    DBOS.launch()
    sequence_sync(1)
    before = time.process_time()
    assert sequence_sync(COUNT) == COUNT
    return time.process_time() - before


cpu_s = measure_sync() if (SHAPE, KIND) == ("sequence", "sync") else asyncio.run(measure())
DBOS.destroy()
print(json.dumps({"cpu_s": cpu_s}))
