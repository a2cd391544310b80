"""CheckSuite: all checks run, whatever fails, and one report says which passed.

For several checks of one thing, of which all results count. Not for a check that an agent should
make pass (FixUntilGreen).
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from smithers import Completed, Context, Node, Parallel, Sequence, Step, Task

__all__ = ["CheckReport", "CheckSuite"]


class CheckReport(BaseModel):
    """The ids of the checks that passed, and of the others why they did not."""

    passed: list[str]
    failed: dict[str, str]


def CheckSuite(
    id: str,
    ctx: Context[Any],
    *checks: Task[Any],
    limit: int | None = None,
    on_failure: Literal["fail", "finish"] = "fail",
) -> Node[CheckReport]:
    """Run all checks in parallel, and report which passed.

    A check passes if it finishes, and, if it is a Command, with exit code 0. If one does not, the
    others run all the same; then the suite fails and says why for each, or, with
    `on_failure="finish"`, gives the report. At most `limit` checks run at once.
    """

    def report() -> CheckReport:
        found = CheckReport(passed=[], failed={})
        for check in checks:
            error, output = ctx.error(check), ctx.get(check)
            if error is not None:
                found.failed[check.id] = error.message
            elif isinstance(output, Completed) and output.exit_code != 0:
                last = (output.stderr or output.stdout).strip().splitlines()[-1:]
                found.failed[check.id] = " ".join([f"exit code {output.exit_code}", *last])
            elif (state := ctx.state(check)) != "finished":
                found.failed[check.id] = state
            else:
                found.passed.append(check.id)
        if found.failed and on_failure == "fail":
            told = "".join(f"\n{name}: {why}" for name, why in found.failed.items())
            raise ValueError(f"{len(found.failed)} of {len(checks)} checks failed{told}")
        return found

    reported = Step(f"{id}-report", report)
    running = Parallel(*checks, limit=limit, on_failure="continue")
    return Sequence(running, reported, result=reported, id=id)
