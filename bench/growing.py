"""Shapes that could cost more the longer they are: `python -m bench.growing SHAPE N FOLDER`.

SHAPE is one of `SHAPES`. Tells the CPU seconds of the run, its steps, and what of the CPU was spent
in the workflow function, over how many nodes in all its calls. A run of two steps in another
database goes before, so that neither imports nor the caches of a first run are counted.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from pydantic import BaseModel

from bench.driving import Rendered, drive, emit, store
from harnesses import Echo
from smithers import Context, ForEach, Loop, Node, Parallel, Sequence, Step, Task, workflow

__all__ = ["SHAPES"]

_AT_ONCE = 8


class Size(BaseModel):
    shape: str
    count: int


async def one() -> int:
    return 1


def each(ctx: Context[Size]) -> Node:
    """Each item reads its own first step in its structure, and has a second one then."""

    def item(number: int) -> Node:
        first = Step(f"first {number}", one)
        more = [Step(f"second {number}", one)] if ctx.get(first) is not None else []
        return Sequence(first, *more)

    count = ctx.input.count // 2
    return ForEach(lambda: range(count), key=str, each=item, id="items")


def loop(ctx: Context[Size]) -> Node:
    """A loop of `count` iterations; after each, its `until` is asked."""
    step, count = Step("step", one, output=int), ctx.input.count
    rounds = iter(range(1, count + 1))
    return Loop(step, until=lambda: next(rounds) == count, max_iterations=count, id="loop")


def continues(ctx: Context[Size]) -> Node:
    """Tasks of which each continues the session of the one before; nothing else orders them."""
    tasks: list[Task[str]] = []
    agent = Echo()
    for number in range(ctx.input.count):
        before = tasks[-1] if tasks else None
        tasks.append(Task(f"task {number}", agent=agent, prompt="x", continues=before))
    return Parallel(*tasks)


def needs(ctx: Context[Size]) -> Node:
    """Steps of which each needs the one before; nothing else orders them."""
    steps: list[Step[int]] = []
    for number in range(ctx.input.count):
        steps.append(Step(f"step {number}", one, needs=steps[-1:]))
    return Parallel(*steps)


def read_fan_out(ctx: Context[Size]) -> Node:
    """Steps side by side, `limit=` of them at once, all of which the structure reads."""
    steps = [Step(f"step {number}", one) for number in range(ctx.input.count)]
    ended = sum(ctx.get(step) is not None for step in steps)
    last = [Step("last", one)] if ended == len(steps) else []
    return Sequence(Parallel(*steps, limit=_AT_ONCE), *last)


def grown(ctx: Context[Size]) -> Node:
    """A sequence that the workflow function makes one step longer when its last step has ended."""
    before = time.thread_time()
    steps: list[Step[int]] = []
    for number in range(ctx.input.count):
        steps.append(Step(f"step {number}", one, output=int))
        if ctx.get(steps[-1]) is None:
            break
    tree = Sequence(*steps)
    Rendered.cpu_s += time.thread_time() - before
    Rendered.nodes += len(steps)
    return tree


def then(ctx: Context[Size]) -> Node:
    """A sequence that gets its next part when its last step has ended, and reads what that gave."""
    count = ctx.input.count

    def part(number: int) -> Node:
        step = Step(f"step {number}", one, output=int)
        if number + 1 == count:
            return step
        return Sequence(step, then=lambda: part(number + 1) if ctx.get(step) == 1 else None)

    return part(0)


SHAPES = {
    "each": each,
    "loop": loop,
    "continues": continues,
    "needs": needs,
    "then": then,
    "read-fan-out": read_fan_out,
    "grown": grown,
}


@workflow(input=Size)
def shape(ctx: Context[Size]) -> Node:
    return SHAPES[ctx.input.shape](ctx)


def main(name: str, count: str, where: str) -> None:
    folder = Path(where)
    for place, size in (("warm", 2), ("run", int(count))):
        Rendered.cpu_s, Rendered.nodes = 0.0, 0
        given: dict[str, object] = {"shape": name, "count": size}
        left, cpu_s, watch = drive(__file__, "shape", store(folder, place), given)
        assert left.status == "finished", left
    assert watch.ended == int(count) + (name == "read-fan-out"), watch.ended
    emit(cpu_s=cpu_s, function_s=Rendered.cpu_s, nodes=Rendered.nodes, frames=watch.frames)


if __name__ == "__main__":
    main(*sys.argv[1:])
