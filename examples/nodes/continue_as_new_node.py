"""Three pages, a run for each."""

from __future__ import annotations

from pydantic import BaseModel

from smithers import Context, ContinueAsNew, Node, Sequence, Step, workflow


class Page(BaseModel):
    number: int = 1


@workflow(input=Page)
def flow(ctx: Context[Page]) -> Node:
    page = ctx.input.number
    read = Step("read", lambda: f"page {page}")
    return Sequence(read, ContinueAsNew(Page(number=page + 1)) if page < 3 else None)
