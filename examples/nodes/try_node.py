"""A failure is caught, and a folder is cleaned up."""

from __future__ import annotations

from smithers import Caught, Context, Node, NoInput, Sequence, Step, Try, workflow


def build() -> str:
    raise OSError("disk full")


@workflow
def flow(ctx: Context[NoInput]) -> Node[str]:
    def report(caught: Caught) -> Node:
        return Step("report", lambda: f"{caught.key} failed: {caught.error.message}")

    clean = Step("clean", lambda: "removed the folder")
    tried = Try(Step("build", build), catch=report, finally_=clean, id="tried")
    return Sequence(tried, result=lambda: ctx.get("report", str) or "built")
