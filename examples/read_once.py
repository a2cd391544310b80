"""One agent reads a code base once, and ten tasks begin with a copy of its session."""

from __future__ import annotations

from harnesses import Echo
from smithers import Context, ForEach, Node, NoInput, Sequence, Task, workflow

agent = Echo()  # or ClaudeCode(), Codex(), Pi()
PARTS = ["parser", "store", "engine", "cli", "docs", "tests", "errors", "types", "speed", "names"]


@workflow
def read_once(ctx: Context[NoInput]) -> Node[str]:
    read = Task("read", agent=agent, prompt="Read this code base, and tell how it is built.")

    def look(part: str) -> Node[str]:
        return Task(f"look at {part}", agent=agent, prompt=f"What is wrong in {part}?", forks=read)

    found = ForEach(PARTS, key=str, each=look, limit=4, id="found")
    plan = Task("plan", agent=agent, prompt=lambda: f"Plan for:\n{ctx[found]}", continues=read)
    return Sequence(read, found, plan, result=plan)
