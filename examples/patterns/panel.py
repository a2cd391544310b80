"""Three agents vote, one of them without a choice; a tie means to wait; and one sums it up."""

from __future__ import annotations

from answers import Answers

from smithers import Context, Node, NoInput, Sequence, Task, workflow
from smithers.patterns import Panel, Vote

AGENTS = {  # for real work: ClaudeCode(), Codex(), Gemini()
    "careful": Answers(lambda prompt: Vote(choice="wait", reason="It has no tests.")),
    "quick": Answers(lambda prompt: Vote(choice="ship")),
    "chatty": Answers(lambda prompt: "Well, it depends."),
}
writer = Answers(lambda prompt: f"Minutes: {prompt}")


@workflow
def decide(ctx: Context[NoInput]) -> Node[str]:
    votes = [
        Task(name, agent=agent, output=Vote, prompt="Ship or wait?")
        for name, agent in AGENTS.items()
    ]
    verdict = Panel("verdict", ctx, *votes, choices=["ship", "wait"], tie="wait", rule="majority")

    def prompt() -> str:
        given = [vote for one in votes if (vote := ctx.get(one)) is not None]
        reasons = ", ".join(f"{vote.choice}: {vote.reason or 'no reason'}" for vote in given)
        return f"We {ctx[verdict].choice} ({ctx[verdict].reason}). Sum up: {reasons}"

    report = Task("report", agent=writer, prompt=prompt)
    return Sequence(verdict, report, result=report)
