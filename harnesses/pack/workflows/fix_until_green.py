"""Fix the project until its tests pass. The changes stay in your working tree."""

from __future__ import annotations

from _project import ROOT, WRITERS, Tested, find_tests, pick, run_tests, shortened
from pydantic import Field

from smithers import Budget, Completed, Context, Node, Sequence, Task, workflow
from smithers.patterns import FixUntilGreen


class Fix(Tested):
    max_fixes: int = Field(default=5, ge=1, description="How often agents may try.")


@workflow(input=Fix, budget=Budget(tokens=5_000_000, calls=30))
def fix_until_green(ctx: Context[Fix]) -> Node[Completed]:
    """Fix the project until its tests pass."""
    command = find_tests(ctx, ctx.input.test)
    tests = run_tests(ctx, command)
    fix = Task(
        "fix",
        agent=pick(WRITERS, ctx.input.agents),
        prompt=lambda: (
            f"`{ctx[command]}` fails. Find the cause and fix it in the code. Change a test only if"
            " the test is wrong; never delete or skip one. You need not run the tests.\n\n"
            + shortened(ctx[tests].stdout + ctx[tests].stderr)
        ),
        cwd=ROOT,
    )
    green = FixUntilGreen("green", ctx, tests, fix, max_fixes=ctx.input.max_fixes)
    return Sequence(command, green, result=green)
