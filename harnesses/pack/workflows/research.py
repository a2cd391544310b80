"""Answer a question: research its parts, then report with a source for each claim."""

from __future__ import annotations

import re

from _project import ROOT, SEARCHERS, Agents, pick
from pydantic import BaseModel, Field, field_validator

from smithers import Budget, Context, ForEach, Node, Rework, Sequence, Step, Task, workflow
from smithers.patterns import GatherAndSynthesize


class Research(Agents):
    question: str = Field(min_length=1, description="What you want to know.")
    max_parts: int = Field(default=5, ge=1, le=20, description="Parts to research at most.")


class Plan(BaseModel):
    parts: list[str] = Field(min_length=1, description="Questions, each of one line.")

    @field_validator("parts")
    @classmethod
    def each_once(cls, parts: list[str]) -> list[str]:
        return list(dict.fromkeys(" ".join(one.split())[:150] for one in parts))


class Claim(BaseModel):
    text: str = Field(description="One fact, in one sentence.")
    source: str = Field(
        min_length=1, description="An address, or a file and a line of the project."
    )
    quote: str = Field(min_length=1, description="The words of the source that prove it.")


@workflow(input=Research, budget=Budget(tokens=10_000_000, calls=60))
def research(ctx: Context[Research]) -> Node[str]:
    """Answer a question: research its parts, then report with a source for each claim."""
    question, most = ctx.input.question, ctx.input.max_parts
    agents = pick(SEARCHERS, ctx.input.agents)
    plan = Task(
        "plan",
        agent=agents,
        output=Plan,
        prompt=f"Split this question into at most {most} parts that can be researched on their"
        f" own and that together answer it:\n\n{question}",
        cwd=ROOT,
    )

    def gather(part: str) -> Node[list[Claim]]:
        return Task(
            f"research {part}",
            agent=agents,
            output=list[Claim],
            prompt=f"Research this: {part}\n\nIt is a part of: {question}\n\nSearch the web if you"
            " can, and the files here if they matter. Give only claims that you have read in a"
            " source, each with that source and its words. If you found nothing, give none.",
            cwd=ROOT,
        )

    def synthesize(gathered: ForEach[list[Claim]]) -> Node[str]:
        def unite() -> list[Claim]:
            return [claim for claims in ctx[gathered] for claim in claims]

        def numbered() -> str:
            lines = [f"[{n}] {one.text} ({one.quote!r})" for n, one in enumerate(ctx[claims], 1)]
            return "\n".join(lines)

        claims = Step("claims", unite, output=list[Claim])
        report = Task(
            "report",
            agent=agents,
            prompt=lambda: (
                f"Answer this question: {question}\n\nUse only these claims, and cite each that you"
                " use by its number, as in [3]. Say what they leave open. Add no list of"
                f" sources.\n\n{numbered()}"
            ),
            cwd=ROOT,
        )
        check = Step(
            "check-citations",
            lambda: cited(ctx[report], len(ctx[claims])),
            output=list[int],
            on_failure=Rework(report),
        )

        def add_sources() -> str:
            sources = [f"[{n}] {ctx[claims][n - 1].source}" for n in ctx[check]]
            return "\n".join([ctx[report].strip(), "", "Sources:", *sources])

        whole = Step("whole", add_sources)
        return Sequence(claims, report, check, whole, result=whole)

    return Sequence(
        plan,
        answer := GatherAndSynthesize(
            *("answer", ctx, lambda: ctx[plan].parts[:most], gather, synthesize),
            key=str,
            at_least=1,
            limit=4,
        ),
        result=answer,
    )


def cited(report: str, claims: int) -> list[int]:
    """The numbers of the claims that a report cites."""
    numbers = sorted({int(one) for one in re.findall(r"\[(\d+)\]", report)})
    if unknown := [one for one in numbers if not 1 <= one <= claims]:
        raise ValueError(f"the report cites {unknown}, but the claims are [1] to [{claims}]")
    if claims and not numbers:
        raise ValueError("the report cites nothing; cite each claim that it uses, as in [1]")
    return numbers
