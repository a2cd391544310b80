"""A change is committed; it is pushed once a person has approved it."""

from __future__ import annotations

from harnesses import Scripted
from smithers import Approval, Command, Context, Node, NoInput, Sequence, Task, workflow
from smithers.agent import Ask


def change_file(ask: Ask) -> str:
    (ask.cwd / "whales.txt").write_text("Whales sing, and eat krill.\n")
    return "Say what whales eat"


writer = Scripted({"change": change_file})  # for real work: ClaudeCode(permission_mode=…)
COMMIT = ["git", "-c", "user.name=Smithers", "-c", "user.email=smithers@localhost", "commit"]


@workflow
def push(ctx: Context[NoInput]) -> Node[str]:
    change = Task("change", agent=writer, prompt="Improve whales.txt; say what you did in a line.")
    commit = Command("commit", lambda: [*COMMIT, "-qam", ctx[change]])
    shown = Command("shown", ["git", "show", "--format=%s", "-U0"], output=str)
    ok = Approval("ok", ask=lambda: f"Push this?\n{ctx[shown]}")
    sent = Command("push", ["git", "push", "-q", "origin", "HEAD"])
    return Sequence(change, commit, shown, ok, sent, result=change)
