"""One after the other, and a next part that depends on an output."""

from __future__ import annotations

from smithers import Context, Node, NoInput, Sequence, Step, workflow


@workflow
def flow(ctx: Context[NoInput]) -> Node[str]:
    plan = Step("plan", lambda: ["dig", "plant"])

    def do(word: str) -> Node:
        return Step(f"do {word}", lambda: f"{word} done")

    def work() -> Node:
        return Sequence(*[do(word) for word in ctx[plan]])

    return Sequence(plan, then=work, result=lambda: f"{len(ctx[plan])} things done")
