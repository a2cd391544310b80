"""Each file is reviewed, two agents try to refute each finding, and what survives is reported."""

from __future__ import annotations

from collections.abc import Callable

from answers import Answers
from pydantic import BaseModel

from smithers import Context, Node, NoInput, Sequence, Step, Task, workflow
from smithers.patterns import FanOutRefute, Refutation

FILES = ["parser.py", "store.py"]


class Finding(BaseModel):
    file: str
    problem: str


def look(prompt: str) -> list[Finding]:
    return [
        Finding(file=file, problem=problem)
        for file in FILES
        if file in prompt
        for problem in ("no tests", "no docstring")
    ]


fast = Answers(look, "fast")  # for real work: ClaudeCode(model="haiku")
CRITICS = {  # for real work: ClaudeCode(), Codex()
    "one": Answers(lambda prompt: Refutation(refuted="docstring" in prompt)),
    "two": Answers(lambda prompt: Refutation(refuted=True, reason="Who cares.")),
}


@workflow
def audit(ctx: Context[NoInput]) -> Node[str]:
    def find(file: str, known: Callable[[], list[Finding]]) -> Node[list[Finding]]:
        return Task(f"review {file}", agent=fast, output=list[Finding], prompt=f"Review {file}.")

    def refute(finding: Finding) -> list[Task[Refutation]]:
        return [
            Task(
                f"{name} on {finding.file}: {finding.problem}",
                agent=critic,
                output=Refutation,
                prompt=f"Refute this, if you can: {finding.problem} in {finding.file}.",
            )
            for name, critic in CRITICS.items()
        ]

    found = FanOutRefute(
        "audit",
        ctx,
        FILES,
        find,
        refute,
        angle=str,
        key=lambda finding: f"{finding.file}: {finding.problem}",
        refutations=2,
        limit=8,
    )
    report = Step("report", lambda: "\n".join(f"{one.file}: {one.problem}" for one in ctx[found]))
    return Sequence(found, report, result=report)
