"""Release notes from the commits, for a job that has nobody to ask."""

from __future__ import annotations

from harnesses import Scripted
from smithers import Budget, Command, Context, Node, NoInput, Sequence, Task, workflow

agent = Scripted({"notes": "Runs are sorted by age."})  # for real work: ClaudeCode()


@workflow(budget=Budget(calls=4, on_exhausted="fail"), deadline_s=1800)
def notes(ctx: Context[NoInput]) -> Node[str]:
    log = Command("log", ["git", "log", "--format=%s", "-20"], output=str)
    text = Task("notes", agent=agent, prompt=lambda: f"Release notes of:\n{ctx[log]}")
    return Sequence(log, text, result=text)
