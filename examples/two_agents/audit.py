"""FanOutRefute on two agents: an audit of many files, in which a person approves the report.

Claude Code looks at each file, 16 at once; it and Codex try to refute each finding, and what both
refuted is dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, Field

from harnesses import ClaudeCode, Codex
from smithers import Approval, Context, Node, Sequence, Step, Task, workflow
from smithers.patterns import FanOutRefute, Refutation

fast, claude, codex = ClaudeCode("haiku"), ClaudeCode(), Codex()


class Audit(BaseModel):
    folder: Path
    pattern: str = "**/*.py"


class Finding(BaseModel):
    file: str
    line: int
    problem: str = Field(max_length=100)

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {' '.join(self.problem.split())}"


@workflow(input=Audit)
def audit(ctx: Context[Audit]) -> Node[str]:
    folder = ctx.input.folder

    def listed() -> list[str]:
        return sorted(str(file.relative_to(folder)) for file in folder.glob(ctx.input.pattern))

    def find(file: str, known: Callable[[], list[Finding]]) -> Node[list[Finding]]:
        prompt = f"Audit {folder / file}"
        return Task(f"audit {file}", agent=fast, output=list[Finding], prompt=prompt)

    def refute(finding: Finding) -> list[Task[Refutation]]:
        return [
            Task(
                f"{name} on {finding}",
                agent=agent,
                output=Refutation,
                prompt=f"Try to refute this finding in {folder}: {finding}",
            )
            for name, agent in (("claude", claude), ("codex", codex))
        ]

    files = Step("files", listed)
    kept = FanOutRefute(
        "kept",
        ctx,
        lambda: ctx[files],
        find,
        refute,
        angle=str,
        key=str,
        refutations=2,
        limit=16,
    )

    def text() -> str:
        return "\n".join(f"- {finding}" for finding in ctx[kept])

    ask = Approval("ask", ask=lambda: f"Report {len(ctx[kept])} findings?\n\n{text()}")
    report = Step("report", lambda: f"# {len(ctx[kept])} findings, for {ctx[ask].by}\n\n{text()}")
    return Sequence(files, kept, ask, report, result=report)
