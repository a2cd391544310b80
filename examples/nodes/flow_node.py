"""A part of a tree that is written with await."""

from __future__ import annotations

from smithers import Context, Flow, Node, NoInput, Run, Sequence, Step, workflow


async def halves(run: Run[int]) -> list[int]:
    found = [run.input]
    while found[-1] > 10:
        found.append(await run.step(f"half-{len(found)}", lambda: found[-1] // 2))
    return found


@workflow
def flow(ctx: Context[NoInput]) -> Node[list[int]]:
    start = Step("start", lambda: 40)
    parts = Flow("parts", halves, input=lambda: ctx[start])
    return Sequence(start, parts, result=parts)
