"""Review a branch, fix what is found, and push it once a person approves.

A port of two skills of garrytan/gstack, /review and /ship, to nodes and patterns. Their steps are
those of review/SKILL.md.tmpl, review/checklist.md and ship/SKILL.md.tmpl at commit
0801f7d0cf59e885da5e33df4bdd5de97c5d1b3d; the words here are our own. docs/review_and_ship.md says
which step became which node, and what is left out.

    smithers up review_and_ship.py --input '{"test": "make test"}'
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from harnesses import ClaudeCode, Codex
from smithers import (
    Approval,
    Attempt,
    Budget,
    Command,
    Context,
    ForEach,
    HumanTask,
    Node,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.agent import Agent
from smithers.patterns import FanOutRefute, FixUntilGreen, Refutation

reader: Agent = ClaudeCode()
writer: Agent = ClaudeCode(permission_mode="acceptEdits")
skeptic: Agent = Codex()

ANGLES = {
    "data": "queries built from text, checks and writes that another process can come between",
    "trust": "input, answers of models and file names that reach a shell, a query or a page",
    "cases": "values of an enum, a status or a type that some reader of it does not handle",
    "tests": "behaviour that changed and that no test would notice",
    "care": "dead code, names that mislead, documents that are no longer true",
}
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$")
]


class Ship(BaseModel):
    test: str = Field(default="make test", description="The shell command that tests the project.")
    base: str = "main"
    remote: str = "origin"


class Finding(BaseModel):
    place: Line = Field(description="As in src/app.py:12.")
    problem: Line
    fix: str
    mechanical: bool = Field(description="A senior engineer would apply the fix without asking.")

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}. {self.fix}"


class Chosen(BaseModel):
    numbers: list[int] = Field(description="The numbers of the findings to fix; [] for none.")


class Commit(BaseModel):
    subject: Line
    files: list[str] = Field(min_length=1)


class Change(BaseModel):
    title: Line
    description: str
    commits: list[Commit]


Ctx = Context[Ship]
ALL = [".", ":!.smithers"]  # as git names files: everything but the database of the run


def as_id(text: str) -> str:
    """An agent's words in the id of a task, which may not have a segment like that of a path."""
    return text.replace("..", "…")


def git(attempt: Attempt, *words: str) -> str:
    return attempt.run(["git", *words], output=str).strip()


def merge_base(ctx: Ctx, attempt: Attempt) -> str:
    """Merge the base into the branch that is shipped, and give its name."""
    base, upstream = ctx.input.base, f"{ctx.input.remote}/{ctx.input.base}"
    if (branch := git(attempt, "branch", "--show-current")) in ("", base):
        where = branch or "no branch"
        raise ValueError(f"you are on {where}: switch to the branch to ship, and resume")
    git(attempt, "fetch", ctx.input.remote, base)
    git(attempt, "merge", "--no-edit", upstream)
    git(attempt, "add", *ALL)
    if not git(attempt, "diff", "--cached", "--name-only", upstream):
        raise ValueError(f"{branch} has nothing that {upstream} has not")
    return branch


def changes(ctx: Ctx, id: str) -> Step[str]:
    """All that differs from the base, committed or not."""

    def read(attempt: Attempt) -> str:
        git(attempt, "add", *ALL)
        upstream = f"{ctx.input.remote}/{ctx.input.base}"
        return git(attempt, "diff", "--cached", "--merge-base", upstream)

    return Step(id, read)


def green(ctx: Ctx, when: str) -> Node[object]:
    """Run the tests; an agent fixes what fails, three times at most."""
    tests = Command(f"tests {when}", ctx.input.test, shell=True, check=False, timeout_s=3600)

    def prompt() -> str:
        said = (ctx[tests].stdout + ctx[tests].stderr)[-20_000:]
        return f"`{ctx.input.test}` fails. Fix the cause; skip no test.\n\n{said}"

    fix = Task(f"fix tests {when}", agent=writer, prompt=prompt)
    return FixUntilGreen(f"green {when}", ctx, tests, fix, max_fixes=3)


def review(ctx: Ctx, diff: Node[str]) -> Node[list[Finding]]:
    """Review a change from all angles; another vendor's agent tries to refute each finding."""

    def find(angle: str, known: Callable[[], list[Finding]]) -> Node[list[Finding]]:
        ask = f"Review this change for one thing: {ANGLES[angle]}. Read the code around it too."
        return Task(
            f"look at {angle}",
            agent=reader,
            output=list[Finding],
            prompt=lambda: f"{ask} List only real problems.\n\n{ctx[diff][-80_000:]}",
        )

    def refute(finding: Finding) -> list[Task[Refutation]]:
        ask = f"Try to refute this; name the line of code that proves it.\n\n{finding}"
        return [Task(f"refute {name(finding)}", agent=skeptic, output=Refutation, prompt=ask)]

    def name(finding: Finding) -> str:
        return as_id(f"{finding.place} {finding.problem}")

    return FanOutRefute("review", ctx, ANGLES, find, refute, angle=str, key=name, refutations=1)


def fix_findings(ctx: Ctx, found: Node[list[Finding]]) -> Node[object]:
    """Fix what is mechanical, and of the rest what a person chooses; they are asked once."""

    def rest() -> dict[int, Finding]:
        return dict(enumerate((each for each in ctx[found] if not each.mechanical), 1))

    def question() -> str:
        return "\n".join(["Fix which?", *(f"{n}. {each}" for n, each in rest().items())])

    choose = HumanTask("choose", ask=question, output=Chosen, skip_if=lambda: not rest())

    def wanted() -> list[Finding]:
        answer = ctx.get(choose)
        chosen = [each for n, each in rest().items() if answer and n in answer.numbers]
        return [each for each in ctx[found] if each.mechanical] + chosen

    fix = Task(
        "fix findings",
        agent=writer,
        prompt=lambda: "Fix exactly this, with tests:\n\n" + "\n".join(map(str, wanted())),
        skip_if=lambda: not wanted(),
    )
    return Sequence(choose, fix)


def commit(attempt: Attempt, subject: str, files: list[str]) -> None:
    """Commit these files. After a crash it may run again, and then finds nothing to commit."""
    git(attempt, "reset", "-q")
    git(attempt, "add", "--", *files)
    if git(attempt, "diff", "--cached", "--name-only"):
        git(attempt, "commit", "-qm", subject)


def commit_all(ctx: Ctx, change: Node[Change]) -> Node[object]:
    """Make the commits of the plan, and one of what it forgot."""

    def make(planned: Commit) -> Node[None]:
        def work(attempt: Attempt) -> None:
            commit(attempt, planned.subject, planned.files)

        return Step(as_id(f"commit {planned.subject}"), work)

    def make_rest(attempt: Attempt) -> None:
        title = ctx[change].title
        commit(attempt, title, ALL)

    planned = ForEach(
        lambda: ctx[change].commits,
        key=lambda planned: as_id(planned.subject),
        each=make,
        limit=1,
        allow_empty=True,
        on_duplicate="first",
        on_failure="continue",
        id="commits",
    )
    return Sequence(planned, Step("commit rest", make_rest))


@workflow(input=Ship, budget=Budget(usd=20, calls=80))
def review_and_ship(ctx: Ctx) -> Node[str]:
    branch = Step("merge base", lambda attempt: merge_base(ctx, attempt), output=str)
    diff, fixed = changes(ctx, "diff"), changes(ctx, "fixed")
    found = review(ctx, diff)
    change = Task(
        "change",
        agent=reader,
        output=Change,
        prompt=lambda: (
            "Describe this change for its pull request, and split what is not yet"
            f" committed into commits, each of which works.\n\n{ctx[fixed][-80_000:]}"
        ),
    )
    remote, base = ctx.input.remote, ctx.input.base

    def read_head(attempt: Attempt) -> str:
        return git(attempt, "log", "--format=%H %s", f"{remote}/{base}..HEAD")

    head = Step("head", read_head)

    def target() -> str:
        return f"{ctx[head].split()[0]}:refs/heads/{ctx[branch]}"

    def question() -> str:
        about = f"{ctx[change].title}\n\n{ctx[change].description}\n\n{ctx[head]}"
        return f"Push {target()} to {remote}?\n\n{about}"

    def pushed() -> str:
        return f"pushed {target()}\n\n{ctx[change].description}"

    return Sequence(
        branch,
        green(ctx, "before"),
        diff,
        found,
        fix_findings(ctx, found),
        green(ctx, "after"),
        fixed,
        change,
        commit_all(ctx, change),
        head,
        Approval("ship", ask=question),
        Command("push", lambda: ["git", "push", remote, target()]),
        done := Step("done", pushed),
        result=done,
    )
