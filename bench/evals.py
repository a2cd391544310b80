"""An eval, and the same child runs without one: `python -m bench.evals N FOLDER`.

Each case is a child run of one step. The other run starts the same child runs from a `ForEach`, so
that the difference is what an eval does besides: it checks the cases, scores what they give, and
keeps the scores.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from pydantic import BaseModel

from bench.driving import Counting, drive, emit, store
from smithers import Context, ForEach, Node, Step, Subflow, workflow
from smithers.cli._collecting import imports_kept
from smithers.hub import Hub

__all__: list[str] = []

_LIMIT = 4
"""That of `smithers eval`."""


class One(BaseModel):
    number: int


class Many(BaseModel):
    count: int


@workflow(input=One)
def double(ctx: Context[One]) -> Node[int]:
    return Step("double", lambda: 2 * ctx.input.number, output=int)


@workflow(input=Many)
def children(ctx: Context[Many]) -> Node:
    return ForEach(
        range(ctx.input.count),
        key=str,
        each=lambda number: Subflow(f"case {number}", double, input=One(number=number)),
        limit=_LIMIT,
        id="cases",
    )


def evaluate(folder: Path, count: int) -> float:
    cases = folder / "cases.jsonl"
    lines = ({"input": {"number": number}, "expected": 2 * number} for number in range(count))
    cases.write_text("".join(json.dumps(one) + "\n" for one in lines))
    hub = Hub(store(folder, "eval"))
    with imports_kept():
        before = time.process_time()
        plan = hub.plan_eval(__file__, cases, name="double", limit=_LIMIT)
        asyncio.run(hub.evaluate(plan, run_id="bench", observer=Counting(), linger_s=0))
        found = hub.evaluated("bench")
        spent = time.process_time() - before
    assert all(one.scores == {"score": True} for one in found.trials), found.trials[:3]
    return spent


def main(count: str, where: str) -> None:
    folder, n = Path(where), int(count)
    drive(__file__, "children", store(folder, "warm"), {"count": 2})
    alone = drive(__file__, "children", store(folder, "run"), {"count": n})[1]
    with_scores = evaluate(folder, n)
    emit(case_cpu_s=with_scores / n, child_cpu_s=alone / n, ratio=with_scores / alone)


if __name__ == "__main__":
    main(*sys.argv[1:])
