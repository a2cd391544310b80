"""A summary is scored, and done again until it has 8 points."""

from __future__ import annotations

from answers import Answers
from pydantic import BaseModel

from smithers import Context, Node, NoInput, Task, workflow
from smithers.patterns import LoopUntilScored


class Score(BaseModel):
    score: float
    feedback: str = ""


def write(prompt: str) -> str:
    return "Whales are mammals." if "fewer words" in prompt else "Whales are really very big."


def judge(prompt: str) -> Score:
    return Score(score=9 if "mammals" in prompt else 6, feedback="Say more in fewer words.")


@workflow
def summary(ctx: Context[NoInput]) -> Node[str]:
    text = Task("text", agent=Answers(write), prompt="Sum up the article.")
    score = Task(
        "score", agent=Answers(judge), output=Score, prompt=lambda: f"Score it:\n{ctx[text]}"
    )
    return LoopUntilScored("good", ctx, text, score, at_least=8)
