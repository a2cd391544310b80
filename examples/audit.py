"""A fan-out: list the files, let an agent look at each, four at a time, and add up."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel
from scripted import Scripted

from smithers import Context, ForEach, Node, Sequence, Step, Task, workflow


class Folder(BaseModel):
    folder: str = str(Path(__file__).parent)
    suffix: str = ".py"


class Finding(BaseModel):
    file: str
    todos: int


def count(prompt: str) -> str:
    path = Path(prompt.removeprefix("Count the TODOs in "))
    return Finding(file=path.name, todos=path.read_text("utf-8").count("TODO")).model_dump_json()


auditor = Scripted(count)  # for real work: ClaudeCode(), which may read and change nothing


@workflow(input=Folder)
def audit(ctx: Context[Folder]) -> Node[str]:
    folder = Path(ctx.input.folder)

    def find() -> list[str]:
        return sorted(file.name for file in folder.glob(f"*{ctx.input.suffix}"))

    def look(file: str) -> Node[Finding]:
        prompt = f"Count the TODOs in {folder / file}"
        return Task(f"audit {file}", agent=auditor, output=Finding, prompt=prompt)

    files = Step("find", find)
    findings = ForEach(
        lambda: ctx[files], key=str, each=look, limit=4, on_failure="continue", id="findings"
    )

    def add_up() -> str:
        todos = sum(finding.todos for finding in ctx[findings])
        failed = [failure.key for failure in ctx.failures(findings)]
        return f"{todos} TODOs in {len(ctx[findings])} files; failed: {failed}"

    total = Step("total", add_up)
    return Sequence(files, findings, total, result=total)
