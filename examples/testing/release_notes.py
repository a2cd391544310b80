"""Release notes: an agent drafts them from the commits, and reads them as a user would."""

from __future__ import annotations

from pydantic import BaseModel

from harnesses import ClaudeCode
from smithers import Context, Node, Sequence, Step, Task, workflow
from smithers.agent import Agent

claude: Agent = ClaudeCode()


class Release(BaseModel):
    version: str
    commits: list[str]


class Review(BaseModel):
    clear: bool
    remarks: str


class Notes(BaseModel):
    text: str
    ready: bool


@workflow(input=Release)
def release_notes(ctx: Context[Release]) -> Node[Notes]:
    commits = "\n".join(ctx.input.commits)
    draft = Task(
        "draft",
        agent=claude,
        prompt=f"One sentence of release notes for {ctx.input.version}:\n{commits}",
    )
    review = Task(
        "review",
        agent=claude,
        output=Review,
        prompt=lambda: f"Does a user understand this?\n{ctx[draft]}",
    )
    notes = Step("notes", lambda: Notes(text=ctx[draft], ready=ctx[review].clear), output=Notes)
    return Sequence(draft, review, notes, result=notes)
