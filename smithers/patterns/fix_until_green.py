"""FixUntilGreen: a command decides whether an agent must fix something, and checks every fix.

For tests, linters, builds: what a program can decide. Not for work that needs judgement
(ReviewLoop), and not for checks that must not run often.
"""

from __future__ import annotations

from typing import Any, Literal

from smithers import Branch, Completed, Context, Loop, Node, Sequence, Step

__all__ = ["FixUntilGreen"]


def FixUntilGreen(
    id: str,
    ctx: Context[Any],
    check: Node[Completed],
    fix: Node[object],
    *,
    max_fixes: int = 5,
    on_exhausted: Literal["fail", "finish"] = "fail",
) -> Node[Completed]:
    """Run a check, and fix what fails until it succeeds; give what the last check said.

    `check` is a `Command(..., check=False)`, which succeeds with exit code 0; `fix` reads it. A fix
    with `continues=` of a task before this continues the session of that task in each round, so its
    agent knows what it wrote and has tried; without, each fix starts a new session. The
    check also runs after the last fix. There are no more fixes after `max_fixes`, after one that
    failed if that is tolerated, and if a budget with `on_exhausted="finish"` is spent. If the check
    has not succeeded by then, this fails, or finishes with `on_exhausted="finish"`.
    """

    def is_red() -> bool:
        return ctx[check].exit_code != 0

    rounds: Step[int] = Step(f"{id}-round", lambda: (ctx.previous(rounds) or 0) + 1)
    loop = Loop(
        check,
        rounds,
        Branch(lambda: is_red() and ctx[rounds] <= max_fixes, fix, id=f"{id}-if-red"),
        until=lambda: ctx.state(fix) != "finished",
        max_iterations=max_fixes + 1,
        id=id,
    )

    def judge() -> str:
        if is_red() and on_exhausted == "fail":
            last = ctx[check]
            told = (last.stderr or last.stdout).strip()[-1000:]
            raise ValueError(f"exit code {last.exit_code} after {ctx[rounds] - 1} fixes\n{told}")
        return "red" if is_red() else "green"

    return Sequence(loop, Step(f"{id}-verdict", judge), result=check)
