"""Three checks at once, two at a time."""

from __future__ import annotations

from smithers import Context, Node, NoInput, Parallel, Step, workflow


@workflow
def flow(ctx: Context[NoInput]) -> Node[dict[str, int]]:
    def size(word: str) -> Step[int]:
        return Step(f"size {word}", lambda: len(word))

    sizes = [size(word) for word in ("krill", "whale", "squid")]
    return Parallel(*sizes, limit=2, result=lambda: {one.id: ctx[one] for one in sizes})
