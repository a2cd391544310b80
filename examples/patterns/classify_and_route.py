"""A message is a bug, a question or something else, and each has a route."""

from __future__ import annotations

from typing import Literal

from answers import Answers
from pydantic import BaseModel

from smithers import Context, Node, NoInput, Step, Task, workflow
from smithers.patterns import ClassifyAndRoute


class Label(BaseModel):
    label: Literal["bug", "question", "praise"]


agent = Answers(lambda prompt: Label(label="bug"))  # for real work: ClaudeCode(model="haiku")
engineer = Answers(lambda prompt: "It is fixed.")  # for real work: ClaudeCode(model="opus")


@workflow
def triage(ctx: Context[NoInput]) -> Node[str]:
    message = "The page is blank."
    kind = Task("kind", agent=agent, output=Label, prompt=f"What is this? {message}")
    return ClassifyAndRoute(
        "triage",
        ctx,
        kind,
        {
            "bug": Task("fix", agent=engineer, prompt=f"Fix this: {message}"),
            "question": Task("answer", agent=agent, prompt=f"Answer this: {message}"),
        },
        otherwise=Step("thank", lambda: "Thank you."),
    )
