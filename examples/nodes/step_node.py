"""A Python function, tried three times."""

from __future__ import annotations

from smithers import Attempt, Context, Node, NoInput, Retry, Sequence, Step, workflow


def fetch(attempt: Attempt) -> list[str]:
    if attempt.number < 3:
        raise ConnectionError("no answer")
    return ["blue", "sperm"]


@workflow
def flow(ctx: Context[NoInput]) -> Node[int]:
    names = Step("names", fetch, retry=Retry(tries=3, first_s=0.01, only=ConnectionError))
    count = Step("count", lambda: len(ctx[names]))
    return Sequence(names, count, result=count)
