"""One run of trivial steps, in a process of its own: `python -m bench.steps SHAPE KIND N DB`.

SHAPE is sequence or parallel, KIND async or sync. Prints one JSON object: CPU seconds of the run
without start-up, peak memory in MB, frames, and bytes of the database.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from pathlib import Path

from smithers import Context, Node, NoInput, Parallel, Sequence, Step, workflow
from smithers.changes import Frame
from smithers.engine.ending import Left
from smithers.hub import Hub

__all__: list[str] = []

SHAPE, KIND, COUNT = sys.argv[1], sys.argv[2], int(sys.argv[3])


class Silent:
    def __init__(self) -> None:
        self.frames = 0

    def frame(self, frame: Frame, state: object) -> None:
        self.frames = frame.number + 1

    def event(self, key: object, event: object) -> None: ...

    def note(self, text: str) -> None: ...


async def asynchronous() -> int:
    return 1


def synchronous() -> int:
    return 1


@workflow
def steps(ctx: Context[NoInput]) -> Node:
    run = asynchronous if KIND == "async" else synchronous
    tasks = [Step(f"step {number}", run) for number in range(COUNT)]
    return Sequence(*tasks) if SHAPE == "sequence" else Parallel(*tasks)


def main() -> None:
    database = Path(sys.argv[4])
    silent = Silent()
    hub = Hub(database)

    async def drive() -> Left:
        return await hub.start(__file__, name="steps", run_id="bench", observer=silent)

    before = time.process_time()
    left = asyncio.run(drive())
    cpu_s = time.process_time() - before
    assert left.status == "finished", left
    size = sum(one.stat().st_size for one in database.parent.glob(f"{database.name}*"))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "cpu_s": cpu_s,
                "memory_mb": usage.ru_maxrss / 1024,
                "frames": silent.frames,
                "bytes": size,
            }
        )
    )


if __name__ == "__main__":
    main()
