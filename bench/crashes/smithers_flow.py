"""Five steps on Smithers: `smithers up smithers_flow.py --run-id r1`, then `smithers resume r1`."""

from __future__ import annotations

from functools import partial

from calls import call

from smithers import Context, Node, NoInput, Sequence, Step, workflow

NAMES = ["one", "two", "three", "four", "five"]
# NAMES.insert(1, "new")


@workflow
def flow(ctx: Context[NoInput]) -> Node[str]:
    steps = [Step(name, partial(call, name)) for name in NAMES]
    return Sequence(*steps, result=steps[-1])
