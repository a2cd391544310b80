"""Rules on the size of a change decide how it is reviewed."""

from __future__ import annotations

from answers import Answers
from pydantic import BaseModel

from smithers import Context, Node, NoInput, Step, Task, workflow
from smithers.patterns import DecisionTable


class Change(BaseModel):
    lines: int
    files: list[str]


agent = Answers(lambda prompt: "Looks good.")  # for real work: ClaudeCode()


@workflow
def review(ctx: Context[NoInput]) -> Node[str]:
    change = Step("change", lambda: Change(lines=120, files=["store.py", "schema.sql"]))
    return DecisionTable(
        "review",
        ctx,
        change,
        {
            "schema": (
                lambda change: any(file.endswith(".sql") for file in change.files),
                Task("careful", agent=agent, prompt="Review the change of the schema."),
            ),
            "large": (
                lambda change: change.lines > 100,
                Task("usual", agent=agent, prompt="Review the change."),
            ),
        },
        hit="first",
        otherwise=Step("none", lambda: "No review is needed."),
    )
