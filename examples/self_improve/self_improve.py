"""A workflow that improves another one: by what a run of it did, on a branch, measured, accepted.

    smithers up self_improve.py --input '{"run": "t1"}'

An agent reads the trace of a run and edits the workflow in a git worktree. Each edit is checked,
replayed against the run, and evaluated on cases, which are those of your branch: the agent cannot
change them. A person sees the scores and the difference, and accepts or denies.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from harnesses import ClaudeCode
from smithers import (
    Approval,
    Attempt,
    Command,
    Completed,
    Context,
    Loop,
    Node,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.agent import Agent

improver: Agent = ClaudeCode(permission_mode="acceptEdits")
SMITHERS = (sys.executable, "-m", "smithers")


class Wanted(BaseModel):
    run: str
    """A run of the workflow, whose trace the agent reads."""
    file: str = "triage.py"
    cases: str = "cases.jsonl"
    tries: int = 3


@dataclass(frozen=True)
class Place:
    """Where the work is done: your folder, and a worktree with a branch."""

    root: Path
    tree: Path
    branch: str


@workflow(input=Wanted)
def self_improve(ctx: Context[Wanted]) -> Node[str]:
    given, root = ctx.input, Path.cwd()
    tree = root / ".smithers" / "improve" / ctx.run_id
    at = Place(root, tree, f"improve/{ctx.run_id}")

    trace = Step("trace", lambda attempt: read_trace(attempt, given.run), output=str)
    branch = Step("branch", lambda attempt: make_branch(attempt, at), output=str)
    before = Command("before", evaluate(at, given, at.root, "before"), check=False)
    better = try_edits(ctx, at, trace, before)
    diff = Command("diff", ["git", "diff", "HEAD..." + at.branch], output=str)
    accept = Approval(
        "accept",
        ask=lambda: f"Merge {at.branch}? {ctx[better]}\n\n{ctx[diff]}",
        on_deny="continue",
    )
    end = Step("finish", lambda attempt: finish(attempt, at, ctx[accept].approved), output=str)
    return Sequence(trace, branch, before, better, diff, accept, end, result=end)


def try_edits(
    ctx: Context[Wanted], at: Place, trace: Node[str], before: Node[Completed]
) -> Node[str]:
    """Edit until the scores are better; gives what the person should know of the last edit."""
    given = ctx.input
    edit = Task(
        "edit",
        agent=improver,
        cwd=at.tree,
        prompt=lambda: edit_prompt(given.file, ctx[trace], ctx[before], ctx.previous(judge)),
    )
    done = Step("commit", lambda attempt: commit(attempt, at, given), output=str)
    check = Command("check", [*SMITHERS, "check", given.file], cwd=at.tree, check=False)
    replay = Command(
        "replay",
        [*SMITHERS, "replay", given.run, "--file", str(at.tree / given.file)],
        check=False,
    )
    after = Command(
        "after",
        lambda: evaluate(at, given, at.tree, f"after-{ctx[done]}", "--against", "before"),
        check=False,
        skip_if=lambda: ctx[check].exit_code != 0,
    )

    def find_problem() -> str:
        """What is wrong with the edit; empty if it is better."""
        if ctx[check].exit_code != 0:
            return ctx[check].stdout
        if score_of(ctx[after]) > score_of(ctx[before]):
            return ""
        return f"The cases score no better:\n{ctx[after].stdout}"

    judge: Step[str] = Step("judge", find_problem)

    def summary() -> str:
        scores = (
            f"The mean score was {score_of(ctx[before]):.3g} and is {score_of(ctx[after]):.3g}."
        )
        return f"{scores} Replay of {given.run}:\n{ctx[replay].stdout}"

    return Loop(
        *(edit, done, check, replay, after, judge),
        until=lambda: ctx[judge] == "",
        max_iterations=given.tries,
        on_exhausted="fail",
        result=summary,
        id="tries",
    )


def read_trace(attempt: Attempt, run: str) -> str:
    """What a run did, and what its agents answered."""
    return "\n".join(
        attempt.run([*SMITHERS, what, run], output=str) for what in ("inspect", "logs")
    )


def make_branch(attempt: Attempt, at: Place) -> str:
    if not at.tree.exists():  # it does if this was interrupted after the command
        git(attempt, at.root, "worktree", "add", "-B", at.branch, str(at.tree), "HEAD")
    return at.branch


def commit(attempt: Attempt, at: Place, given: Wanted) -> str:
    """The commit of the edit, of the workflow's file alone."""
    git(attempt, at.tree, "add", "--", given.file)
    if git(attempt, at.tree, "diff", "--cached", "--name-only"):
        git(attempt, at.tree, "commit", "-m", f"Improve {given.file} by run {given.run}")
    return git(attempt, at.tree, "rev-parse", "--short", "HEAD")


def finish(attempt: Attempt, at: Place, is_accepted: bool) -> str:
    if not is_accepted:
        return f"denied; the edit is on the branch {at.branch}"
    git(attempt, at.root, "merge", "--no-ff", "-m", f"Merge {at.branch}", at.branch)
    if at.tree.exists():
        git(attempt, at.root, "worktree", "remove", "--force", str(at.tree))
    return f"merged {at.branch}"


def evaluate(at: Place, given: Wanted, folder: Path, run: str, *more: str) -> list[str]:
    """The command of an eval, in a separate database: a program may not start runs in that of
    its run.
    """
    where = ("--cases", str(at.root / given.cases), "--db", f"{at.tree}.db", "--json")
    return [*SMITHERS, "eval", str(folder / given.file), *where, "--run-id", run, *more]


def git(attempt: Attempt, folder: Path, *words: str) -> str:
    return attempt.run(["git", *words], cwd=folder, output=str).strip()


def read_eval(done: Completed) -> dict[str, Any]:
    """What `smithers eval --json` found, also if some cases failed."""
    found: dict[str, Any] = json.loads(done.stdout)
    if found["error"] is not None:
        raise ValueError(found["error"]["message"])
    return found


def score_of(done: Completed) -> float:
    """The mean score of an eval; a trial that failed has 0."""
    scores: list[dict[str, float]] = [one["scores"] or {} for one in read_eval(done)["trials"]]
    return sum(sum(one.values()) for one in scores) / len(scores)


def edit_prompt(file: str, trace: str, before: Completed, problem: str | None) -> str:
    trials = [(one["id"], one["scores"], one["error"]) for one in read_eval(before)["trials"]]
    last = f"\n\nYour last edit was not good enough:\n{problem}" if problem else ""
    return (
        f"Improve the Smithers workflow {file} so that its cases score higher. Edit only this file,"
        " and keep its input and output."
        f"\n\nA run of it:\n{trace}\n\nIts scores by case:\n{trials}{last}"
    )
