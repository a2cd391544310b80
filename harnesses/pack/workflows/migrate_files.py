"""Change many files in the same way on a branch, each reviewed, and merge it if you approve."""

from __future__ import annotations

from _project import (
    READERS,
    ROOT,
    WRITERS,
    Review,
    Tested,
    find_tests,
    make_green,
    offer_merge,
    pick,
    shortened,
    start_branch,
)
from pydantic import Field

from smithers import (
    Attempt,
    Budget,
    Command,
    Context,
    ForEach,
    Node,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.patterns import ReviewLoop

GIT = ["git", "--literal-pathspecs"]
"""Takes each path as the name of a file, not as a pattern."""


class Migrate(Tested):
    goal: str = Field(min_length=1, description="What to change in each file.")
    files: str = Field(min_length=1, description="Which files git knows, as in src/**/*.py.")
    limit: int = Field(default=4, ge=1, description="How many files are in work at once.")


@workflow(input=Migrate, budget=Budget(tokens=30_000_000, calls=400))
def migrate_files(ctx: Context[Migrate]) -> Node[str]:
    """Change many files in the same way on a branch, review each, merge it if you approve."""
    goal, branch = ctx.input.goal, f"smithers/{ctx.run_id}"
    base = start_branch(branch)
    command = find_tests(ctx, ctx.input.test)
    listed = Command(
        "list", ["git", "ls-files", "-z", "--", f":(glob){ctx.input.files}"], cwd=ROOT, output=str
    )

    def split() -> list[str]:
        if not (files := ctx[listed].split("\0")[:-1]):
            raise ValueError(f"git knows no file {ctx.input.files!r} in {ROOT}")
        return files

    files = Step("files", split)

    each = ForEach(
        lambda: ctx[files],
        key=str,
        each=lambda file: migrate(ctx, file),
        limit=ctx.input.limit,
        on_failure="continue",
        id="each",
    )

    restored = Step(
        "restore",
        lambda attempt: take_back(attempt, [one.key for one in ctx.failures(each)]),
        output=list[str],
    )
    done = f"Files here were changed, not committed: {goal}"
    green = make_green(ctx, command, pick(WRITERS, ctx.input.agents), done)

    def left_out() -> str:
        failed = ctx.failures(each)
        whys = ((one.key, one.error.message if one.error else one.state) for one in failed)
        return "".join(f"\nleft as it was: {key} ({why})" for key, why in whys)

    return Sequence(
        *(base, command, listed, files, each, restored, green),
        merged := offer_merge(ctx, branch, base, goal, again=each, remarks=left_out),
        result=merged,
    )


def migrate(ctx: Context[Migrate], file: str) -> Node[str]:
    """Change one file, and have the change reviewed."""
    goal, agents = ctx.input.goal, ctx.input.agents
    change = Task(
        f"change {file}",
        agent=pick(WRITERS, agents),
        prompt=f"Change {file} and no other file: {goal}\n\nCommit nothing. If there is nothing to"
        " change in it, leave it as it is.",
        cwd=ROOT,
    )
    diff = Command(f"diff {file}", [*GIT, "diff", "HEAD", "--", file], cwd=ROOT, output=str)
    done = Sequence(change, diff, result=diff, id=f"done {file}")
    review = Task(
        f"review {file}",
        agent=pick(READERS, agents),
        output=Review,
        prompt=lambda: (
            f"Review this change of {file}. Its goal: {goal}\nIs it correct, complete, and no more"
            " than that? No change is right if there was nothing to change. Approve it, or say what"
            f" to change.\n\n{shortened(ctx[done]) or '(no change)'}"
        ),
        cwd=ROOT,
    )
    return ReviewLoop(f"reviewed {file}", ctx, done, review, max_rounds=2)


def take_back(attempt: Attempt, files: list[str]) -> list[str]:
    """Leave these files as the last commit has them."""
    if files:
        restore = ("restore", "--source=HEAD", "--staged", "--worktree", "--")
        attempt.run([*GIT, *restore, *files], cwd=ROOT)
    return files
