"""Slogans are scored; the best one is kept, and each round starts from it."""

from __future__ import annotations

from collections.abc import Callable

from answers import Answers
from pydantic import BaseModel

from smithers import Context, Node, NoInput, Task, workflow
from smithers.patterns import Optimizer


class Score(BaseModel):
    score: float


def write(prompt: str) -> str:
    return "Ship while you sleep." if "Ship" in prompt else "Ship."


def judge(prompt: str) -> Score:
    return Score(score=len(prompt))


@workflow
def slogan(ctx: Context[NoInput]) -> Node[str]:
    def propose(best: Callable[[], str | None]) -> Node[str]:
        return Task("slogan", agent=Answers(write), prompt=lambda: f"Beat this: {best()}")

    def score(candidate: Node[str]) -> Node[Score]:
        return Task("score", agent=Answers(judge), output=Score, prompt=lambda: ctx[candidate])

    return Optimizer("best", ctx, propose, score, max_rounds=9, patience=1)
