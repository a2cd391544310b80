"""A run in parts, each of which begins when there is a file of its number in a folder, and has told
by another that it waits for it.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from pydantic import BaseModel

from smithers import Context, Node, Sequence, Step, workflow


class Parts(BaseModel):
    folder: Path
    parts: int = 3
    steps: int = 100


async def begin(file: Path) -> str:
    file.with_name(f"at{file.name}").touch()
    while not file.exists():  # noqa: ASYNC110, ASYNC240
        await asyncio.sleep(0.005)
    return file.name


async def work() -> int:
    await asyncio.sleep(0.002)  # so that the part lasts
    return 1


@workflow(input=Parts)
def long(ctx: Context[Parts]) -> Node:
    def part(number: int) -> list[Node]:
        gate = Step(f"begin{number}", partial(begin, ctx.input.folder / str(number)), output=str)
        steps = [Step(f"s{number}_{n}", work, output=int) for n in range(ctx.input.steps)]
        return [gate, *steps]

    return Sequence(*(one for number in range(ctx.input.parts) for one in part(number)))
