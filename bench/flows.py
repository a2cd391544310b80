"""A flow of trivial steps: `python -m bench.flows SHAPE N FOLDER`.

SHAPE is sequence (one await after the other) or gather (all at once). A run of one step in another
database goes before, so that neither imports nor the caches of a first run are counted.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import BaseModel

from bench.driving import drive, emit, store
from smithers import Run, workflow

__all__: list[str] = []


class Size(BaseModel):
    shape: str
    count: int


async def one() -> int:
    return 1


@workflow(input=Size)
async def steps(run: Run[Size]) -> int:
    calls = [run.step(f"step {number}", one) for number in range(run.input.count)]
    if run.input.shape == "sequence":
        return sum([await call for call in calls])
    return sum(await run.gather(*calls))


def main(shape: str, count: str, where: str) -> None:
    folder = Path(where)
    for place, size in (("warm", 1), ("run", int(count))):
        given: dict[str, object] = {"shape": shape, "count": size}
        left, cpu_s, _ = drive(__file__, "steps", store(folder, place), given)
        assert left.status == "finished", left
    emit(cpu_s=cpu_s)


if __name__ == "__main__":
    main(*sys.argv[1:])
