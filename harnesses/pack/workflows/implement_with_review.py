"""Implement a goal on a branch, make the tests pass, have it reviewed, merge it if you approve."""

from __future__ import annotations

from _project import (
    READERS,
    ROOT,
    WRITERS,
    Review,
    Tested,
    changes,
    find_tests,
    make_green,
    offer_merge,
    pick,
    shortened,
    start_branch,
)
from pydantic import Field

from smithers import Budget, Context, Node, Sequence, Task, workflow
from smithers.patterns import ReviewLoop


class Implement(Tested):
    goal: str = Field(min_length=1, description="What to implement, in a few sentences.")
    max_rounds: int = Field(default=3, ge=1, description="How often the work is reviewed.")


@workflow(input=Implement, budget=Budget(tokens=10_000_000, calls=60))
def implement_with_review(ctx: Context[Implement]) -> Node[str]:
    """Implement a goal on a branch, test and review it, and merge it if you approve."""
    goal, branch = ctx.input.goal, f"smithers/{ctx.run_id}"
    writers, readers = pick(WRITERS, ctx.input.agents), pick(READERS, ctx.input.agents)
    base = start_branch(branch)
    command = find_tests(ctx, ctx.input.test)
    implement = Task(
        "implement",
        agent=writers,
        prompt=f"Implement this in the project here, with tests. Commit nothing.\n\n{goal}",
        cwd=ROOT,
    )
    done = f"This was implemented here, and is not committed: {goal}"
    green = make_green(ctx, command, writers, done)
    diff = changes("diff")
    work = Sequence(implement, green, diff, result=diff, id="work")
    review = Task(
        "review",
        agent=readers,
        output=Review,
        prompt=lambda: (
            "Review this change as a strict maintainer: is it correct, complete, tested and no"
            " larger than needed? The tests pass. Approve it, or say exactly what to change.\n\n"
            f"The goal: {goal}\n\nThe change:\n{shortened(ctx[work])}"
        ),
        cwd=ROOT,
    )
    reviewed = ReviewLoop("reviewed", ctx, work, review, max_rounds=ctx.input.max_rounds)
    merged = offer_merge(ctx, branch, base, goal, again=work)
    return Sequence(base, command, reviewed, merged, result=merged)
