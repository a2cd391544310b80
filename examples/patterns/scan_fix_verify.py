"""A scan finds problems, each is fixed and verified, and the scan runs again."""

from __future__ import annotations

from answers import Answers
from pydantic import BaseModel

from smithers import Context, Node, NoInput, Step, Task, workflow
from smithers.patterns import ScanFixVerify


class Review(BaseModel):
    approved: bool
    feedback: str = ""


fixer = Answers(lambda prompt: f"fixed: {prompt}")
reviewer = Answers(lambda prompt: Review(approved="fixed" in prompt))


@workflow
def clean(ctx: Context[NoInput]) -> Node[list[str]]:
    def find() -> list[str]:
        return ["dead link", "typo"] if ctx.previous(scan) is None else []

    def fix(problem: str) -> Node[str]:
        return Task(f"fix {problem}", agent=fixer, prompt=f"Fix the {problem}.")

    def verify(problem: str, fixed: Node[object]) -> Node[Review]:
        return Task(
            f"verify {problem}",
            agent=reviewer,
            output=Review,
            prompt=lambda: f"Is the {problem} gone? {ctx[fixed]}",
        )

    scan: Step[list[str]] = Step("scan", find)
    return ScanFixVerify("clean", ctx, scan, fix, verify, key=str)
