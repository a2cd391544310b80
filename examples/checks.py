"""Commands: programs as nodes, their exit codes as data, and a step that runs one of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import BaseModel

from smithers import Attempt, Command, Context, Node, NoInput, Parallel, Sequence, Step, workflow

HERE = Path(__file__).parent


class Count(BaseModel):
    files: int


@workflow
def checks(ctx: Context[NoInput]) -> Node[str]:
    compiles = Command("compiles", [sys.executable, "-m", "compileall", "-q", HERE], check=False)
    count = Command(
        "count",
        'printf \'{"files": %d}\' "$(ls *.py | wc -l)"',
        shell=True,
        cwd=HERE,
        output=Count,
        timeout_s=60,
    )
    listed = Command("listed", ["ls", HERE], output=str)
    last = Command("last", ["tail", "-n", "1"], stdin=lambda: ctx[listed], output=str)

    def report(attempt: Attempt) -> str:
        state = "compile" if ctx[compiles].exit_code == 0 else "do not compile"
        text = f"{ctx[count].files} files {state}; the last one is {ctx[last].strip()}"
        return attempt.run(["tr", "a-z", "A-Z"], stdin=text, output=str)

    said = Step("report", report)
    return Sequence(Parallel(compiles, count, Sequence(listed, last)), said, result=said)
