"""Run the tests; while they fail let Claude Code fix it, at most 5 times, Codex when it is rate
limited; stop paid work at 3 dollars, but run the tests after the last fix.
"""

from __future__ import annotations

from harnesses import ClaudeCode, Codex
from smithers import Budget, Command, Completed, Context, Node, NoInput, Task, workflow
from smithers.patterns import FixUntilGreen

claude = ClaudeCode(permission_mode="acceptEdits")
codex = Codex(sandbox="workspace-write")


@workflow(budget=Budget(usd=3, calls=20, on_exhausted="finish"))
def green_tests(ctx: Context[NoInput]) -> Node[Completed]:
    tests = Command("tests", ["pytest", "-q"], check=False)
    fix = Task(
        "fix",
        agent=[claude, codex],
        prompt=lambda: f"Make the tests pass:\n{ctx[tests].stdout}",
    )
    return FixUntilGreen("green", ctx, tests, fix, max_fixes=5)
