"""Change many files in the same way on a branch, each reviewed, and merge it if you approve."""

from __future__ import annotations

from _project import (
    READERS,
    ROOT,
    WRITERS,
    Review,
    Tested,
    find_tests,
    offer_merge,
    pick,
    run_tests,
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
from smithers.patterns import FixUntilGreen, ReviewLoop


class Migrate(Tested):
    goal: str = Field(min_length=1, description="What to change in each file.")
    files: str = Field(min_length=1, description="Which files git knows, as in src/**/*.py.")
    limit: int = Field(default=4, ge=1, description="How many files are in work at once.")


@workflow(input=Migrate, budget=Budget(tokens=30_000_000, calls=400))
def migrate_files(ctx: Context[Migrate]) -> Node[str]:
    """Change many files in the same way on a branch, review each, merge it if you approve."""
    goal, branch = ctx.input.goal, f"smithers/{ctx.run_id}"
    writers, readers = pick(WRITERS, ctx.input.agents), pick(READERS, ctx.input.agents)
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

    def migrate(file: str) -> Node[str]:
        change = Task(
            f"change {file}",
            agent=writers,
            prompt=f"Change {file} and no other file: {goal}\n\nCommit nothing. If there is nothing"
            " to change in it, leave it as it is.",
            cwd=ROOT,
        )
        diff = Command(
            f"diff {file}",
            ["git", "--literal-pathspecs", "diff", "HEAD", "--", file],
            cwd=ROOT,
            output=str,
        )
        done = Sequence(change, diff, result=diff, id=f"done {file}")
        review = Task(
            f"review {file}",
            agent=readers,
            output=Review,
            prompt=lambda: (
                f"Review this change of {file}. Its goal: {goal}\nIs it correct, complete, and no"
                " more than that? No change is right if there was nothing to change. Approve it,"
                f" or say what to change.\n\n{shortened(ctx[done]) or '(no change)'}"
            ),
            cwd=ROOT,
        )
        return ReviewLoop(f"reviewed {file}", ctx, done, review, max_rounds=2)

    each = ForEach(
        lambda: ctx[files],
        key=str,
        each=migrate,
        limit=ctx.input.limit,
        on_failure="continue",
        id="each",
    )

    def take_back(attempt: Attempt) -> list[str]:
        failed = [one.key for one in ctx.failures(each)]
        if failed:
            restore = [
                "git",
                "--literal-pathspecs",
                "restore",
                "--source=HEAD",
                "--staged",
                "--worktree",
                "--",
                *failed,
            ]
            attempt.run(restore, cwd=ROOT)
        return failed

    restored = Step("restore", take_back)
    tests = run_tests(ctx, command)
    fix = Task(
        "fix",
        agent=writers,
        prompt=lambda: (
            f"Files here were changed, not committed: {goal}\n\nNow `{ctx[command]}` fails. Fix"
            " the cause; never delete or skip a test. You need not run the tests.\n\n"
            + shortened(ctx[tests].stdout + ctx[tests].stderr)
        ),
        cwd=ROOT,
    )
    green = FixUntilGreen("green", ctx, tests, fix)

    def left_out() -> str:
        failed = ctx.failures(each)
        whys = ((one.key, one.error.message if one.error else one.state) for one in failed)
        return "".join(f"\nleft as it was: {key} ({why})" for key, why in whys)

    return Sequence(
        *(base, command, listed, files, each, restored, green),
        merged := offer_merge(ctx, branch, base, goal, again=each, remarks=left_out),
        result=merged,
    )
