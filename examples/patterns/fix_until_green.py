"""A check runs, an agent fixes what fails, and the check has the last word."""

from __future__ import annotations

from pathlib import Path

from answers import Answers

from smithers import Budget, Command, Context, Node, NoInput, Sequence, Task, workflow
from smithers.patterns import FixUntilGreen


def fix(prompt: str) -> str:
    Path("fixed").touch()
    return "I made the file."


fixer = Answers(fix)  # for real work: [ClaudeCode(), Codex()]


@workflow
def repair(ctx: Context[NoInput]) -> Node[object]:
    tests = Command("tests", ["ls", "fixed"], check=False)
    fix = Task("fix", agent=fixer, prompt=lambda: f"Fix this:\n{ctx[tests].stderr}")
    green = FixUntilGreen("green", ctx, tests, fix, max_fixes=5)
    return Sequence(green, budget=Budget(calls=20, on_exhausted="finish"), result=green)
