"""Three agents propose, each criticises the others, a judge picks by points; on a tie ask a human
with the options as choices.
"""

from __future__ import annotations

from pydantic import BaseModel, Field

from harnesses import ClaudeCode, Codex, Gemini
from smithers import Context, HumanTask, Node, Parallel, Sequence, Task, workflow
from smithers.agent import Agent

agents: dict[str, Agent] = {"claude": ClaudeCode(), "codex": Codex(), "gemini": Gemini()}
judge = ClaudeCode("opus")


class Question(BaseModel):
    question: str


class Points(BaseModel):
    claude: int = Field(ge=0, le=10)
    codex: int = Field(ge=0, le=10)
    gemini: int = Field(ge=0, le=10)


@workflow(input=Question)
def proposals(ctx: Context[Question]) -> Node[str]:
    question = ctx.input.question

    def propose(name: str) -> Task[str]:
        return Task(f"{name} proposes", agent=agents[name], prompt=f"Propose: {question}")

    proposed = {name: propose(name) for name in agents}

    def listed(tasks: dict[str, Task[str]]) -> str:
        return "\n".join(f"{name}: {ctx[task]}" for name, task in tasks.items())

    def criticise(name: str) -> Task[str]:
        others = {other: task for other, task in proposed.items() if other != name}
        return Task(
            f"{name} criticises",
            agent=agents[name],
            prompt=lambda: f"{question} Criticise these:\n{listed(others)}",
        )

    critiques = {name: criticise(name) for name in agents}

    def debate() -> str:
        return f"{question}\n{listed(proposed)}\n\nCritiques:\n{listed(critiques)}"

    points = Task("points", agent=judge, output=Points, prompt=lambda: f"Give points.\n{debate()}")

    def best() -> list[str]:
        given: dict[str, int] = ctx[points].model_dump()
        return [name for name in given if given[name] == max(given.values())]

    tie = HumanTask("tie", ask=debate, choices=best, skip_if=lambda: len(best()) == 1)
    return Sequence(
        Parallel(*proposed.values()),
        Parallel(*critiques.values()),
        points,
        tie,
        result=lambda: ctx[proposed[ctx.get(tie) or best()[0]]],
    )
