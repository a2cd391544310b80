"""Review every Python file of a folder with a fast model, at most 8 at once; two other agents try
to refute each finding; keep what at least one could not refute; write a report.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field

from harnesses import ClaudeCode, Codex, Gemini
from smithers import Context, ForEach, Node, Parallel, Sequence, Step, Task, workflow

fast, codex, gemini = ClaudeCode("haiku"), Codex(), Gemini()


class Folder(BaseModel):
    folder: Path


class Finding(BaseModel):
    title: str = Field(max_length=80)
    line: int


class Refutation(BaseModel):
    refuted: bool
    reason: str


@workflow(input=Folder)
def review_folder(ctx: Context[Folder]) -> Node[str]:
    folder = ctx.input.folder

    def review(file: str) -> Node[list[str | None]]:
        look = Task(
            f"review {file}", agent=fast, output=list[Finding], prompt=f"Review {folder / file}"
        )

        def refute(finding: Finding) -> Node[str | None]:
            claim = f"{file}:{finding.line} {' '.join(finding.title.split())}"
            ask = f"Try to refute this finding in {folder}: {claim}"
            tries = [
                Task(f"{agent.name} on {claim}", agent=agent, output=Refutation, prompt=ask)
                for agent in (codex, gemini)
            ]
            return Parallel(
                *tries, result=lambda: None if all(ctx[one].refuted for one in tries) else claim
            )

        held = ForEach(
            lambda: ctx[look], key=str, each=refute, allow_empty=True, on_duplicate="first"
        )
        return Sequence(look, held, result=held)

    files = Step("files", lambda: sorted(file.name for file in folder.glob("*.py")))
    reviews = ForEach(lambda: ctx[files], key=str, each=review, limit=8)

    def write() -> str:
        kept = [f"- {claim}\n" for held in ctx[reviews] for claim in held if claim]
        (folder / "REVIEW.md").write_text(f"# {len(kept)} findings\n\n{''.join(kept)}")
        return str(folder / "REVIEW.md")

    report = Step("report", write)
    return Sequence(files, reviews, report, result=report)
