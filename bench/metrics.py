"""Metrics while a run works: `python -m bench.metrics TASKS SECONDS FOLDER`.

A run of TASKS tasks that are done already settles 1,000 more a minute, in a process of its own.
This one makes the page of metrics each second, which is as often as the database is read for it,
and tells what share of a core that takes.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

from pydantic import BaseModel

from bench.driving import emit, store
from smithers import Context, ForEach, Node, Sequence, Step, workflow
from smithers.hub import Hub

__all__: list[str] = []

_A_MINUTE = 1000
_SPARE_S = 10.0
_SCRAPE_S = 1.0


class Work(BaseModel):
    quick: int
    slow: int


@workflow(input=Work)
def works(ctx: Context[Work]) -> Node:
    """Tasks that are done at once, and then a task each 60 ms."""
    work = ctx.input
    quick = ForEach(
        range(work.quick), key=str, each=lambda number: Step(f"a{number}", lambda: None), id="quick"
    )
    slow = [Step(f"b{n}", lambda: time.sleep(60 / _A_MINUTE)) for n in range(work.slow)]
    return Sequence(quick, *slow)


def measure(tasks: int, seconds: float, folder: Path) -> dict[str, float]:
    database = store(folder, "run")
    slow = int((seconds + _SPARE_S) * _A_MINUTE / 60)
    command = [sys.executable, "-m", "bench.metrics", "write", str(tasks), str(slow)]
    with subprocess.Popen([*command, str(database)]) as writer:
        hub = Hub(database)
        while hub.metrics.count().tasks["finished"] <= tasks:
            assert writer.poll() is None, "the run has ended"
            time.sleep(0.1)
        hub.metrics_page()  # imports what it needs
        time.sleep(_SCRAPE_S)
        first, begun, before = hub.metrics.count(), time.monotonic(), time.process_time()
        while time.monotonic() - begun < seconds:
            time.sleep(_SCRAPE_S)
            hub.metrics_page()
        share = (time.process_time() - before) / (time.monotonic() - begun)
        settled = hub.metrics.count().tasks["finished"] - first.tasks["finished"]
        assert settled > 0, "nothing happened"
        writer.kill()
    return {"share": share, "settled_a_minute": settled / seconds * 60}


def main(*given: str) -> None:
    if given[0] == "write":
        work = Work(quick=int(given[1]), slow=int(given[2]))
        asyncio.run(Hub(given[3]).run(works, work))
        return
    tasks, seconds, where = given
    Path(where).mkdir(parents=True, exist_ok=True)
    emit(**measure(int(tasks), float(seconds), Path(where)))


if __name__ == "__main__":
    main(*sys.argv[1:])
