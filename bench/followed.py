"""A run that begins once there is a file, and whose steps come at an even pace."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path

from pydantic import BaseModel

from bench.driving import Marked
from smithers import Context, Node, Sequence, Step, workflow

__all__: list[str] = []

_LOOKS_S = 0.05


class Work(BaseModel):
    go: Path
    steps: int
    a_second: float


async def begin(go: Path) -> None:
    while not go.exists():  # noqa: ASYNC110, ASYNC240
        await asyncio.sleep(_LOOKS_S)
    Marked.mark()


async def work(at_s: float) -> None:
    await asyncio.sleep(max(0.0, Marked.begun_s + at_s - time.monotonic()))


@workflow(input=Work)
def followed(ctx: Context[Work]) -> Node:
    given = ctx.input
    paced = (partial(work, number / given.a_second) for number in range(given.steps))
    steps = [Step(f"step {number}", one) for number, one in enumerate(paced)]
    return Sequence(Step("begin", partial(begin, given.go)), *steps, Step("end", Marked.mark))
