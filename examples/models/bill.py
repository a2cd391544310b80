"""Two models and a function: one reads an order, another makes the bill, with prices from us."""

from __future__ import annotations

from pydantic import BaseModel

from harnesses.models import Anthropic, OpenAI, grep, read
from smithers import Context, Node, NoInput, Sequence, Task, workflow


def price_of(article: str) -> float:
    """The price of one article, in euros."""
    return {"tea": 3.5, "cake": 4.25}[article]


class Bill(BaseModel):
    """What is to be paid."""

    articles: list[str]
    total: float


reader = Anthropic("claude-haiku-5-5", tools=[read, grep])
billers = [
    Anthropic("claude-sonnet-5-5", tools=[price_of]),
    OpenAI("gpt-6-sol", tools=[price_of]),
]


@workflow
def bill(ctx: Context[NoInput]) -> Node[Bill]:
    """Reads order.txt and makes the bill."""
    order = Task("order", agent=reader, prompt="What is ordered in order.txt?")
    total = Task("bill", agent=billers, output=Bill, prompt=lambda: f"Bill this:\n{ctx[order]}")
    return Sequence(order, total, result=total)
