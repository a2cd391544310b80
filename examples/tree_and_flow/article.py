"""One workflow, written twice: plan, research at most two questions at once, draft, ask, publish.

smithers up examples/tree_and_flow/article.py:as_tree --input '{"topic": "whales"}'
smithers up examples/tree_and_flow/article.py:as_flow --input '{"topic": "whales"}'
"""

from __future__ import annotations

from pydantic import BaseModel

from harnesses import ClaudeCode, Codex
from smithers import (
    Approval,
    Command,
    Context,
    Decision,
    ForEach,
    Loop,
    Node,
    Run,
    Sequence,
    Task,
    workflow,
)

planner = writer = ClaudeCode()
researcher = Codex()
PUBLISH = ["gh", "gist", "create", "--filename", "article.md", "-"]


class Brief(BaseModel):
    topic: str


class Plan(BaseModel):
    questions: list[str]


class Denied(Exception):
    """The article was denied three times."""


def draft_prompt(topic: str, found: list[str], last: Decision | None) -> str:
    notes = "\n".join(found)
    wanted = f"\nThe last draft was denied: {last.note}" if last else ""
    return f"Write about {topic} from these notes:\n{notes}{wanted}"


@workflow(input=Brief)
def as_tree(ctx: Context[Brief]) -> Node[str]:
    topic = ctx.input.topic
    plan = Task("plan", agent=planner, output=Plan, prompt=f"What must we know about {topic}?")

    def research(question: str) -> Task[str]:
        return Task(f"research {question}", agent=researcher, prompt=f"Find out: {question}")

    found = ForEach(lambda: ctx[plan].questions, key=str, each=research, limit=2)
    draft = Task(
        "draft",
        agent=writer,
        prompt=lambda: draft_prompt(topic, ctx[found], ctx.previous(ask)),
    )
    ask: Approval = Approval("ask", ask=lambda: f"Publish?\n\n{ctx[draft]}", on_deny="continue")
    loop = Loop(draft, ask, until=lambda: ctx[ask].approved, max_iterations=3, on_exhausted="fail")
    publish = Command("publish", PUBLISH, stdin=lambda: ctx[draft], output=str)
    return Sequence(plan, found, loop, publish, result=publish)


@workflow(input=Brief)
async def as_flow(run: Run[Brief]) -> str:
    topic = run.input.topic
    plan = await run.task(
        "plan", agent=planner, output=Plan, prompt=f"What must we know about {topic}?"
    )
    research = [
        run.task(f"research {question}", agent=researcher, prompt=f"Find out: {question}")
        for question in plan.questions
    ]
    found = await run.gather(*research, limit=2)
    last: Decision | None = None
    for number in range(3):
        draft = await run.task(
            f"draft {number}", agent=writer, prompt=draft_prompt(topic, found, last)
        )
        last = await run.approval(f"ask {number}", ask=f"Publish?\n\n{draft}", on_deny="continue")
        if last.approved:
            return await run.command("publish", PUBLISH, stdin=draft, output=str)
    raise Denied("three drafts were denied")
