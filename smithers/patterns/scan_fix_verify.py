"""ScanFixVerify: a scan finds problems, each is fixed and verified, until a scan finds none.

For problems that a scan lists and that can be fixed one by one. Not for one check that is red or
green (FixUntilGreen), nor if fixes depend on each other (Supervisor).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from smithers import Context, ForEach, Loop, Node, Sequence, Step
from smithers.patterns.review_loop import Reviewed, ReviewLoop

__all__ = ["ScanFixVerify"]

F = TypeVar("F")


def ScanFixVerify(
    id: str,
    ctx: Context[Any],
    scan: Node[list[F]],
    fix: Callable[[F], Node[object]],
    verify: Callable[[F, Node[object]], Node[Reviewed]],
    *,
    key: Callable[[F], str],
    max_rounds: int = 3,
    max_tries: int = 2,
    limit: int | None = 1,
    on_exhausted: Literal["fail", "finish"] = "fail",
) -> Node[list[F]]:
    """Scan, fix and verify each finding, and scan again; give what the last scan still found.

    `fix` makes the node that fixes a finding, and `verify` a review of that. A fix that is not
    approved is done again in its session, at most `max_tries` tries in all; what is left of it the
    next scan finds. There are at most `max_rounds` rounds of fixes, and a scan after the last. If
    that finds something, this fails, or gives it with `on_exhausted="finish"`. `key` gives texts
    that ids are made of. Findings are fixed one after the other, or `limit` at once.
    """

    def each(finding: F) -> Node[object]:
        name, fixed = f"{id}/{key(finding)}", fix(finding)
        verified = verify(finding, fixed)
        return ReviewLoop(name, ctx, fixed, verified, max_rounds=max_tries, on_exhausted="finish")

    rounds: Step[int] = Step(f"{id}-round", lambda: (ctx.previous(rounds) or 0) + 1)
    fixes = ForEach(
        lambda: ctx[scan] if ctx[rounds] <= max_rounds else [],
        key=key,
        each=each,
        limit=limit,
        allow_empty=True,
        on_failure="continue",
        on_duplicate="first",
        id=f"{id}-fixes",
    )
    loop = Loop(
        *(scan, rounds, fixes),
        until=lambda: not ctx[scan] or ctx[rounds] > max_rounds,
        max_iterations=max_rounds + 1,
        id=id,
    )

    def judge() -> int:
        if (left := [key(one) for one in ctx[scan]]) and on_exhausted == "fail":
            raise ValueError(f"still found after {max_rounds} rounds: {', '.join(left)}")
        return len(left)

    return Sequence(loop, Step(f"{id}-verdict", judge), result=scan)
