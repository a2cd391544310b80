"""A planner splits a feature, and each part starts once the parts that it needs have passed."""

from __future__ import annotations

from answers import Answers
from pydantic import BaseModel

from smithers import Context, Node, NoInput, Task, workflow
from smithers.patterns import Supervisor


class Part(BaseModel):
    name: str
    needs: list[str] = []


class Review(BaseModel):
    approved: bool
    feedback: str = ""


PLAN = [Part(name="store"), Part(name="api", needs=["store"]), Part(name="docs", needs=["api"])]
planner = Answers(lambda prompt: PLAN, "planner")
worker = Answers(lambda prompt: f"done: {prompt}", "worker")
checker = Answers(lambda prompt: Review(approved="done" in prompt), "checker")


@workflow
def feature(ctx: Context[NoInput]) -> Node[list[str]]:
    plan = Task("plan", agent=planner, output=list[Part], prompt="Split the feature.")

    def work(part: Part) -> Node[str]:
        return Task(f"build {part.name}", agent=worker, prompt=f"Build the {part.name}.")

    def check(part: Part, built: Node[str]) -> Node[Review]:
        return Task(
            f"check {part.name}",
            agent=checker,
            output=Review,
            prompt=lambda: f"Check the {part.name}: {ctx[built]}",
        )

    return Supervisor("feature", ctx, plan, work, check, limit=4)
