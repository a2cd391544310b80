"""The same for each item of a list that a step makes."""

from __future__ import annotations

from smithers import Context, ForEach, Node, NoInput, Sequence, Step, workflow


@workflow
def flow(ctx: Context[NoInput]) -> Node[list[int]]:
    names = Step("names", lambda: ["blue", "sperm"])

    def each(name: str) -> Node[int]:
        return Step(f"size {name}", lambda: len(name))

    sizes = ForEach(lambda: ctx[names], key=str, each=each, limit=4, id="sizes")
    return Sequence(names, sizes, result=sizes)
