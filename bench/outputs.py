"""A run with large outputs: `python -m bench.outputs WHAT BYTES N FOLDER`.

The run has N steps in parallel, each with an output of BYTES bytes, and a step after them. WHAT is
start (it finishes), fail (the last step fails), or resume (of what one of these left).
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from pydantic import BaseModel

from bench.driving import Counting, drive, store
from smithers import Attempt, Context, Node, Parallel, Sequence, Step, workflow
from smithers.hub import Hub

__all__: list[str] = []


class Size(BaseModel):
    bytes: int
    count: int
    fails: bool


@workflow(input=Size)
def outputs(ctx: Context[Size]) -> Node:
    size = ctx.input

    async def large() -> str:
        return "x" * size.bytes

    async def last(attempt: Attempt) -> int:
        if size.fails and attempt.number == 1:
            raise ValueError("the first attempt fails")
        return attempt.number

    many = [Step(f"step {number}", large) for number in range(size.count)]
    end = Step("last", last)
    return Sequence(Parallel(*many), end, result=end)


def main(what: str, size: str, count: str, where: str) -> None:
    database = store(Path(where), "run")
    if what == "resume":
        left = asyncio.run(Hub(database).resume("bench", observer=Counting()))
    else:
        given: dict[str, object] = {
            "bytes": int(size),
            "count": int(count),
            "fails": what == "fail",
        }
        left, _, _ = drive(__file__, "outputs", database, given)
    assert left.status == ("failed" if what == "fail" else "finished"), left


if __name__ == "__main__":
    main(*sys.argv[1:])
