"""Budgets: a cap on the whole run, and a smaller one on a part of it that ends at its cap."""

from __future__ import annotations

from harnesses import Echo
from smithers import Budget, Context, ForEach, Node, NoInput, Sequence, Task, workflow

echo = Echo()


@workflow(budget=Budget(tokens=200_000, calls=50))
def capped(ctx: Context[NoInput]) -> Node[str]:
    def note(topic: str) -> Node[str]:
        return Task(f"note {topic}", agent=echo, prompt=f"Write about {topic}.")

    notes = ForEach(
        ["whales", "apples"],
        key=lambda topic: topic,
        each=note,
        budget=Budget(calls=10, time_s=600, on_exhausted="fail"),
        id="notes",
    )
    total = Task("total", agent=echo, prompt=lambda: f"Sum up:\n{ctx[notes]}")
    return Sequence(notes, total, result=total)
