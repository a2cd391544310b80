"""A `Parallel` of agent tasks on recorded sessions: `python -m bench.replaying N LIMIT FOLDER`.

Each task has a prompt and a recording of its own. Nothing but the limit of the `Parallel` bounds
how many run. A run of one task in another database goes before.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import BaseModel

from bench.driving import drive, emit, store
from bench.recordings import copies
from harnesses import ClaudeCode
from smithers import Context, Node, Parallel, Task, workflow

__all__: list[str] = []


class Size(BaseModel):
    count: int
    limit: int
    recordings: str


def prompt(number: int) -> str:
    return f"Case text, number {number}."


@workflow(input=Size, max_concurrency=1000)
def replayed(ctx: Context[Size]) -> Node:
    claude = ClaudeCode(replay=ctx.input.recordings)
    tasks = (Task(f"t{n}", agent=claude, prompt=prompt(n)) for n in range(ctx.input.count))
    return Parallel(*tasks, limit=ctx.input.limit)


def main(count: str, limit: str, where: str) -> None:
    folder = Path(where)
    copies(map(prompt, range(int(count))), folder / "recordings")
    for place, size in (("warm", 1), ("run", int(count))):
        given: dict[str, object] = {
            "count": size,
            "limit": int(limit),
            "recordings": str(folder / "recordings"),
        }
        left, cpu_s, watch = drive(__file__, "replayed", store(folder, place), given)
        assert left.status == "finished", left
    emit(cpu_s=cpu_s, most_running=watch.most)


if __name__ == "__main__":
    main(*sys.argv[1:])
