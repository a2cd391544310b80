"""Halve a number until it is small."""

from __future__ import annotations

from smithers import Context, Loop, Node, NoInput, Step, workflow


@workflow
def flow(ctx: Context[NoInput]) -> Node[int]:
    half: Step[int] = Step("half", lambda: (ctx.previous(half) or 40) // 2)
    return Loop(half, until=lambda: ctx[half] < 10, max_iterations=5, id="halves", result=half)
