"""A program whose exit code is looked at."""

from __future__ import annotations

from smithers import Command, Context, Node, NoInput, Sequence, Step, workflow


@workflow
def flow(ctx: Context[NoInput]) -> Node[str]:
    found = Command("search", ["grep", "-c", "whale", "sea.txt"], check=False, timeout_s=60)
    words = Command("words", "wc -w < sea.txt", shell=True, output=int)
    report = Step("report", lambda: f"exit code {ctx[found].exit_code}, {ctx[words]} words")
    return Sequence(found, words, report, result=report)
