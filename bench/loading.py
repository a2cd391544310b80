"""Loading a run with much behind it: `python -m bench.loading N FOLDER`, twice.

The first call finishes N steps in parallel, and the process kills itself in the step that follows.
The second resumes the run, and tells the CPU from there to the new attempt of that step, after a
run of one step in another database.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from pydantic import BaseModel

from bench import steps
from bench.driving import Counting, drive, emit, store
from smithers import Attempt, Context, Node, Parallel, Sequence, Step, workflow
from smithers.hub import Hub

__all__: list[str] = []


class Size(BaseModel):
    count: int


async def trivial() -> int:
    return 1


async def last(attempt: Attempt) -> float:
    """The CPU seconds of this process so far; the first attempt does not live to tell."""
    if attempt.number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return time.process_time()


@workflow(input=Size)
def long_run(ctx: Context[Size]) -> Node:
    many = [Step(f"step {number}", trivial) for number in range(ctx.input.count)]
    end = Step("last", last, output=float)
    return Sequence(Parallel(*many), end, result=end)


def fill(folder: Path, count: int) -> None:
    """Kills a child of this process, so that the caller hears of no failure."""
    if (child := os.fork()) == 0:
        drive(__file__, "long_run", store(folder, "run"), {"count": count})
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL


def main(count: str, where: str) -> None:
    database = store(Path(where), "run")
    if not database.exists():
        fill(Path(where), int(count))
        return
    one: dict[str, object] = {"shape": "sequence", "kind": "async", "count": 1}
    drive(steps.__file__, "steps", store(Path(where), "warm"), one)
    before = time.process_time()
    left = asyncio.run(Hub(database).resume("bench", observer=Counting()))
    assert left.status == "finished", left
    assert isinstance(left.output, str)
    emit(first_attempt_cpu_s=float(left.output) - before)


if __name__ == "__main__":
    main(*sys.argv[1:])
