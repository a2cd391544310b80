"""The tests run; while they fail, an agent reads what they printed and fixes the code."""

from __future__ import annotations

from harnesses import Scripted
from smithers import Command, Context, Node, NoInput, Sequence, Task, workflow
from smithers.agent import Ask
from smithers.patterns import FixUntilGreen


def repair(ask: Ask) -> str:
    code = ask.cwd / "sums.py"
    code.write_text(code.read_text().replace("a - b", "a + b"))
    return "add() subtracted."


fixer = Scripted({"fix": repair})  # for real work: ClaudeCode(permission_mode="acceptEdits")


@workflow
def green(ctx: Context[NoInput]) -> Node[str]:
    tests = Command("tests", ["python3", "-B", "-m", "unittest", "-q", "test_sums"], check=False)
    fix = Task("fix", agent=fixer, prompt=lambda: f"The tests fail. Fix it:\n{ctx[tests].stderr}")
    green = FixUntilGreen("green", ctx, tests, fix, max_fixes=4)
    return Sequence(green, result=lambda: f"green, exit code {ctx[green].exit_code}")
