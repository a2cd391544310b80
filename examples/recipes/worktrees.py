"""Two agents write at the same time, each in its own worktree; a person takes one of the two."""

from __future__ import annotations

from harnesses import Scripted
from smithers import (
    Command,
    Context,
    HumanTask,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Task,
    workflow,
)
from smithers.agent import Ask

COMMIT = ["git", "-c", "user.name=Smithers", "-c", "user.email=smithers@localhost", "commit"]


def write(ask: Ask) -> str:
    (ask.cwd / "whales.txt").write_text(f"Whales sing, says {ask.task}.\n")
    return "done"


agents = {  # for real work: ClaudeCode(permission_mode="acceptEdits"), Codex(sandbox=…)
    "one": Scripted({"*": write}, name="one"),
    "two": Scripted({"*": write}, name="two"),
}


@workflow
def compete(ctx: Context[NoInput]) -> Node[str]:
    def attempt(name: str) -> Node:
        tree = f"../trees-{ctx.run_id}/{name}"
        branch = f"{ctx.run_id}-{name}"
        return Sequence(
            Command(f"tree {name}", ["git", "worktree", "add", "-q", "-b", branch, tree]),
            Task(f"write {name}", agent=agents[name], prompt="Improve whales.txt.", cwd=tree),
            Command(f"commit {name}", [*COMMIT, "-qam", name], cwd=tree),
        )

    winner = HumanTask("winner", ask="Which branch is better?", choices=list(agents))
    merge = Command("merge", lambda: ["git", "merge", "-q", f"{ctx.run_id}-{ctx[winner]}"])
    return Sequence(Parallel(*map(attempt, agents)), winner, merge, result=winner)
