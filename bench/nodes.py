"""A workflow function that builds nodes and reads each: `python -m bench.nodes KIND N FOLDER`.

KIND is function (all steps have one function) or closure (each has a lambda with a variable). The
workflow function takes its own time whenever the engine calls it: once all steps have ended, twenty
more end one after the other, and each of these ends makes a render. The least render counts.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from pydantic import BaseModel

from bench.driving import drive, emit, store
from smithers import Context, Node, Parallel, Sequence, Step, workflow

__all__: list[str] = []

_ROUNDS = 20
_TOOK_S: list[float] = []
"""How long the function took, for each render in which all steps had ended."""


class Size(BaseModel):
    kind: str
    count: int


def one() -> int:
    return 1


def _step(kind: str, number: int) -> Step[int]:
    if kind == "closure":
        return Step(f"step {number}", lambda: number)
    return Step(f"step {number}", one)


@workflow(input=Size)
def nodes(ctx: Context[Size]) -> Node:
    before = time.thread_time()
    ended, steps = 0, list[Step[int]]()
    for number in range(ctx.input.count):
        step = _step(ctx.input.kind, number)
        steps.append(step)
        ended += ctx.get(step) is not None
    tree = Parallel(*steps)
    if ended == len(steps):
        _TOOK_S.append(time.thread_time() - before)
    rounds = [Step(f"round {number}", one) for number in range(_ROUNDS)]
    for each in rounds:
        ctx.get(each)
    least = Step("least", lambda: min(_TOOK_S), output=float)
    return Sequence(tree, *rounds, least, result=least)


def main(kind: str, count: str, where: str) -> None:
    given: dict[str, object] = {"kind": kind, "count": int(count)}
    left, _, _ = drive(__file__, "nodes", store(Path(where), "run"), given)
    assert left.status == "finished", left
    assert left.output is not None
    emit(node_us=float(left.output) / int(count) * 1e6)


if __name__ == "__main__":
    main(*sys.argv[1:])
