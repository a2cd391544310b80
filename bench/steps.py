"""A run of trivial steps: `python -m bench.steps SHAPE KIND N FOLDER`.

SHAPE is sequence, fan-out, or limited (a fan-out with limit=8, as many as run at once anyway), KIND
async or sync. A run of one step in another database goes before, so that neither imports nor the
caches of a first run are counted.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import BaseModel

from bench.driving import drive, emit, store
from smithers import Context, Node, Parallel, Sequence, Step, workflow

__all__: list[str] = []


class Size(BaseModel):
    shape: str
    kind: str
    count: int


async def asynchronous() -> int:
    return 1


def synchronous() -> int:
    return 1


@workflow(input=Size)
def steps(ctx: Context[Size]) -> Node:
    run = asynchronous if ctx.input.kind == "async" else synchronous
    tasks = [Step(f"step {number}", run) for number in range(ctx.input.count)]
    if ctx.input.shape == "sequence":
        return Sequence(*tasks)
    return Parallel(*tasks, limit=8 if ctx.input.shape == "limited" else None)


def main(shape: str, kind: str, count: str, where: str) -> None:
    folder = Path(where)
    for place, size in (("warm", 1), ("run", int(count))):
        given: dict[str, object] = {"shape": shape, "kind": kind, "count": size}
        left, cpu_s, watch = drive(__file__, "steps", store(folder, place), given)
        assert left.status == "finished", left
    emit(cpu_s=cpu_s, frames=watch.frames)


if __name__ == "__main__":
    main(*sys.argv[1:])
