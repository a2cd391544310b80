"""A fast agent tries first, a better one if it is not sure, and a person at last."""

from __future__ import annotations

from answers import Answers

from smithers import Context, HumanTask, Node, NoInput, Task, workflow
from smithers.patterns import EscalationChain

fast = Answers(lambda prompt: "I am not sure.")  # for real work: ClaudeCode(model="haiku")
best = Answers(lambda prompt: "The index is missing.")  # for real work: ClaudeCode(model="opus")


@workflow
def diagnose(ctx: Context[NoInput]) -> Node[str]:
    question = "Why is the query slow?"
    return EscalationChain(
        "diagnosis",
        ctx,
        Task("fast", agent=fast, prompt=question),
        Task("best", agent=best, prompt=question),
        HumanTask("person", ask=question),
        accept=lambda answer: "not sure" not in answer,
    )
