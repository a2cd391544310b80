"""A request from outside to a long run: `python -m bench.requesting WHAT N FOLDER`, twice.

The first call finishes N steps, comes to an approval and to an agent at work, and kills the owner.
The second makes the request WHAT (decide, cancel, steer or attach) to that run, and before it to
runs of one step, so that no import is counted: it tells by how much CPU the long run costs more.
To attach, another process drives the run, whose CPU is not counted.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from pydantic import BaseModel

from bench.driving import Counting, drive, emit, store
from smithers import Approval, Context, Node, Parallel, Sequence, Step, Task, workflow
from smithers.agent import Answered, Ask, Capabilities, Event, Started, Terminal
from smithers.hub import Hub

__all__: list[str] = []

_RUN, _BY = "bench", "bench"
_PLACES = ("warm", "one", "run")
_LOOK_S, _MOST_LOOKS = 0.05, 1200
_AT_WORK = (
    "SELECT 1 FROM waits w, attempts a, frames f WHERE w.kind = 'approval' AND a.ended IS NULL"
    " AND f.frame = a.born AND f.fence = ? AND (a.session IS NOT NULL"
    " OR EXISTS (SELECT 1 FROM sessions s WHERE s.serial = a.serial))"
)


class Size(BaseModel):
    count: int


class Busy:
    """An agent that never answers."""

    name, can = "busy", Capabilities(resumes=True, attaches=True)

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        yield Started("session")
        await asyncio.sleep(3600)
        yield Answered("")

    def terminal(self, session: str, cwd: Path, marks: Mapping[str, str]) -> Terminal:
        return Terminal(argv=("true",), env=dict(marks), cwd=cwd)


async def trivial() -> int:
    return 1


@workflow(input=Size)
def waiting(ctx: Context[Size]) -> Node:
    many = [Step(f"step {number}", trivial) for number in range(ctx.input.count)]
    work = Task("work", agent=Busy(), prompt="Work")
    return Sequence(Parallel(*many), Parallel(Approval("ship", ask="Ship it?"), work))


@contextmanager
def _driven(database: Path, work: Callable[[], object], fence: int) -> Generator[None]:
    """Another process drives the run by `work`, and has come to its agent; it is killed after."""
    if (child := os.fork()) == 0:
        try:
            work()
        finally:
            os._exit(1)
    try:
        for _ in range(_MOST_LOOKS):
            if database.exists() and _is_at_work(database, fence):
                break
            time.sleep(_LOOK_S)
        else:
            raise AssertionError(f"the run of {database} did not come to its agent")
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _is_at_work(database: Path, fence: int) -> bool:
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
            return db.execute(_AT_WORK, (fence,)).fetchone() is not None
    except sqlite3.OperationalError:  # it is being made
        return False


def _fill(database: Path, count: int) -> None:
    with _driven(database, lambda: drive(__file__, "waiting", database, {"count": count}), 1):
        pass
    with closing(sqlite3.connect(database)) as db:  # the log of one that was killed is read again
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _request(hub: Hub, what: str) -> None:
    match what:
        case "decide":
            assert hub.decide(_RUN, "ship", approved=True, by=_BY).approved
        case "cancel":
            assert hub.cancel(_RUN, by=_BY) == "cancelled"
        case "steer":
            assert hub.steer(_RUN, "work", "Leave the tests alone", by=_BY).task == "work"
        case "attach":
            with hub.attach(_RUN, "work", by=_BY, goes_on=False) as found:
                assert found.session == "session"
        case _:
            raise ValueError(what)


def _cost_s(database: Path, what: str) -> float:
    """The CPU seconds of a request, in this process."""
    hub = Hub(database)

    def measure() -> float:
        before = time.process_time()
        _request(hub, what)
        return time.process_time() - before

    if what != "attach":
        return measure()

    def resume() -> object:
        return asyncio.run(Hub(database).resume(_RUN, observer=Counting(), linger_s=3600))

    with _driven(database, resume, 2):
        return measure()


def main(what: str, count: str, where: str) -> None:
    databases = [store(Path(where), place) for place in _PLACES]
    if not databases[-1].exists():
        for database, number in zip(databases, (1, 1, int(count)), strict=True):
            _fill(database, number)
        return
    _, one_s, many_s = (_cost_s(database, what) for database in databases)
    emit(more_cpu_s=max(0.0, many_s - one_s))


if __name__ == "__main__":
    main(*sys.argv[1:])
