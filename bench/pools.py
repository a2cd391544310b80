"""Pools and cached answers: `python -m bench.pools WHAT N FOLDER`.

WHAT is `free`, N steps side by side, of which four run at once; `run`, the same in a pool of the
run; `machine`, in one of the machine; `cached`, N tasks that have their answers from an earlier
run; or `waiting`, N runs that wait for a slot of a pool, how many processes and handles they cost,
and the CPU of one look for runs to wake.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel

from bench.driving import drive, emit, store
from bench.waiting import MARK, handles, marked
from harnesses import Echo
from smithers import Cache, Context, Node, NoInput, Parallel, Step, Task, workflow
from smithers.engine.slot_files import SlotFiles
from smithers.store.sqlite import SqliteStore

__all__: list[str] = []

_SETTINGS = "[pools.machine]\nmachine = 4\n[pools.taken]\nmachine = 1\n"


class Size(BaseModel):
    pool: str | None
    count: int


async def work() -> int:
    return 1


@workflow(input=Size, pools={"run": 4})
def steps(ctx: Context[Size]) -> Node:
    pool = ctx.input.pool
    made = (Step(f"step {n}", work, pool=pool) for n in range(ctx.input.count))
    return Parallel(*made, limit=4 if pool is None else None)


@workflow(input=Size)
def cached(ctx: Context[Size]) -> Node:
    agent, cache = Echo(), Cache()
    made = (f"task {n}" for n in range(ctx.input.count))
    return Parallel(*(Task(id, agent=agent, prompt=id, cache=cache) for id in made))


@workflow
def waits(ctx: Context[NoInput]) -> Node:
    return Step("waits", work, pool="taken")


def of_steps(folder: Path, pool: str | None, count: int) -> None:
    for place, size in (("warm", 1), ("run", count)):
        given: dict[str, object] = {"pool": pool, "count": size}
        left, cpu_s, watch = drive(__file__, "steps", store(folder, place), given)
        assert left.status == "finished", left
    emit(cpu_s=cpu_s, frames=watch.frames)


def of_cached(folder: Path, count: int) -> None:
    given: dict[str, object] = {"pool": None, "count": count}
    database = store(folder, "run")
    drive(__file__, "cached", database, given, run_id="first")
    left, cpu_s, watch = drive(__file__, "cached", database, given, run_id="second")
    assert (left.status, watch.most) == ("finished", 0), left
    emit(cpu_s=cpu_s)


def of_waiting(folder: Path, count: int) -> None:
    os.environ[MARK] = mark = uuid.uuid4().hex  # children inherit it
    files = SlotFiles.of_user(os.environ)
    slot = files.take("taken", 1)
    assert slot is not None
    database = store(folder, "run")
    for number in range(count):
        left, _, _ = drive(__file__, "waits", database, {}, run_id=f"run-{number}")
        assert left.status == "waiting", left
    look_s = asyncio.run(_look(database, files.count_free))
    emit(processes=marked(mark), handles=handles(database.parent), look_s=look_s)


async def _look(database: Path, count_free: Callable[[str, int], int]) -> float:
    async with await SqliteStore.open(database) as opened:
        assert not await opened.wakeable(count_free)
        before = time.process_time()
        await opened.wakeable(count_free)
        return time.process_time() - before


def main(what: str, count: str, where: str) -> None:
    folder, number = Path(where).absolute(), int(count)
    (folder / "smithers.toml").write_text(_SETTINGS)
    os.chdir(folder)
    if what == "cached":
        of_cached(folder, number)
    elif what == "waiting":
        of_waiting(folder, number)
    else:
        of_steps(folder, None if what == "free" else what, number)


if __name__ == "__main__":
    main(*sys.argv[1:])
