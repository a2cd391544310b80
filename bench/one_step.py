"""The smallest run: what `smithers up` costs for it is nearly all start."""

from __future__ import annotations

from smithers import Context, Node, NoInput, Step, workflow

__all__: list[str] = []


@workflow
def one_step(ctx: Context[NoInput]) -> Node:
    return Step("step", lambda: 1)
