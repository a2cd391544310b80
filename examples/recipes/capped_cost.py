"""At most ten cents for the whole run: at the cap it waits for a person, and nothing is lost."""

from __future__ import annotations

from decimal import Decimal

from harnesses import Scripted
from smithers import Budget, Context, ForEach, Node, NoInput, Task, workflow
from smithers.agent import Used

each = Used(tokens_in=900, tokens_out=100, cost=Decimal("0.04"))
agent = Scripted({"review *": "No remarks."}, usage=each)  # for real work: ClaudeCode()


@workflow(budget=Budget(usd="0.10"))
def reviews(ctx: Context[NoInput]) -> Node[list[str]]:
    def review(part: str) -> Node[str]:
        return Task(f"review {part}", agent=agent, prompt=f"Review {part}.")

    return ForEach(["cli", "docs", "store", "tests"], key=str, each=review, limit=1, id="parts")
