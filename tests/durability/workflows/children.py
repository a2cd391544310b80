"""Child runs in a fan-out in a loop."""

from __future__ import annotations

from part import Part, part

from smithers import Budget, Context, ForEach, Loop, Node, NoInput, Step, Subflow, workflow


@workflow
def whole(ctx: Context[NoInput]) -> Node:
    return tree(ctx)


@workflow(budget=Budget(calls=3))
def capped(ctx: Context[NoInput]) -> Node:
    return tree(ctx)


def tree(ctx: Context[NoInput]) -> Node:
    """Two iterations of two child runs: of a0 and b0, then of a1 and b1."""
    count: Step[int] = Step("count", lambda: (ctx.previous(count) or 0) + 1)

    def each(letter: str) -> Node:
        return Subflow(letter, part, input=lambda: Part(name=f"{letter}{ctx[count] - 1}"))

    items = ForEach(["a", "b"], key=str, each=each, id="items")
    return Loop(count, items, until=lambda: ctx[count] == 2, max_iterations=3)
