"""A pause of a second between two steps."""

from __future__ import annotations

from smithers import Context, Node, NoInput, Sequence, Step, Timer, workflow


@workflow
def flow(ctx: Context[NoInput]) -> Node[str]:
    pause = Timer("pause", seconds=1)
    done = Step("done", lambda: f"waited until {ctx[pause].year > 2000}")
    return Sequence(pause, done, result=done)
