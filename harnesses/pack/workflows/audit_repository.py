"""Look for problems from several angles, and report those that nobody can refute."""

from __future__ import annotations

from collections.abc import Callable

from _project import READERS, ROOT, Agents, pick
from pydantic import BaseModel, Field

from smithers import Budget, Context, Node, Sequence, Step, Task, workflow
from smithers.patterns import FanOutRefute, Refutation

ANGLES = [
    "bugs: wrong results, crashes, lost data, unhandled cases",
    "security: injection, secrets, permissions, untrusted input",
    "tests: what is not tested, and tests that cannot fail",
    "documentation: what it says that the code does not do",
]


class Audit(Agents):
    path: str = Field(default=".", description="The part of the project to look at.")
    angles: list[str] = Field(default=ANGLES, min_length=1, description="What to look for.")
    max_rounds: int = Field(default=1, ge=1, description="How often to look again.")


class Finding(BaseModel):
    file: str
    line: int
    title: str = Field(max_length=100, description="The problem in one line.")
    severity: int = Field(ge=1, le=3, description="3: must be fixed, 1: a matter of taste.")
    evidence: str = Field(description="Why it is a problem, with the code that shows it.")


@workflow(input=Audit, budget=Budget(tokens=10_000_000, calls=150))
def audit_repository(ctx: Context[Audit]) -> Node[str]:
    """Look for problems from several angles, and report those that nobody can refute."""
    agents = pick(READERS, ctx.input.agents)

    def find(angle: str, known: Callable[[], list[Finding]]) -> Node[list[Finding]]:
        return Task(
            f"look for {name_of(angle)}",
            agent=agents,
            output=list[Finding],
            prompt=lambda: (
                f"Audit {ctx.input.path} in this folder for {angle}. Read the code. Report at most"
                " ten problems that you can prove from it, the worst first; none is an answer too."
                + "".join(f"\nAlready known: {key_of(one)}" for one in known())
            ),
            cwd=ROOT,
        )

    def refute(finding: Finding) -> list[Task[Refutation]]:
        return [
            Task(
                f"refute {key_of(finding)} ({side})",
                agent=agents,
                output=Refutation,
                prompt=f"Try to refute this finding by {how}. Say refuted only if it is wrong or"
                f" does not matter, and give the reason.\n\n{finding.model_dump_json(indent=2)}",
                cwd=ROOT,
            )
            for side, how in (("code", "reading the code"), ("use", "how the code is used"))
        ]

    found = FanOutRefute(
        *("audit", ctx, ctx.input.angles, find, refute),
        angle=name_of,
        key=key_of,
        refutations=1,
        max_rounds=ctx.input.max_rounds,
        limit=4,
    )

    def write() -> str:
        worst = sorted(ctx[found], key=lambda one: (-one.severity, one.file, one.line))
        lines = [
            f"- **{one.title}** ({one.file}:{one.line}, severity {one.severity})\n  {one.evidence}"
            for one in worst
        ]
        return f"# {len(worst)} problems in {ctx.input.path}\n\n" + "\n".join(lines)

    report = Step("report", write)
    return Sequence(found, report, result=report)


def name_of(angle: str) -> str:
    return " ".join(angle.partition(":")[0].split())[:60]


def key_of(finding: Finding) -> str:
    return " ".join(f"{finding.file[-60:]}:{finding.line} {finding.title}".split())[:150]
