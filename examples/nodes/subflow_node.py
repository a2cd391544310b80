"""A workflow that starts another one as a separate run."""

from __future__ import annotations

from pydantic import BaseModel

from smithers import Context, ForEach, Node, NoInput, Step, Subflow, workflow


class Page(BaseModel):
    name: str = "home"


@workflow(input=Page)
def translate(ctx: Context[Page]) -> Node[str]:
    return Step("translate", lambda: f"{ctx.input.name}, in French")


@workflow
def flow(ctx: Context[NoInput]) -> Node[list[str]]:
    def each(name: str) -> Node[str]:
        return Subflow(f"fr-{name}", translate, input=Page(name=name))

    return ForEach(["home", "about"], key=str, each=each)
