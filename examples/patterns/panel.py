"""Three agents vote on a design; one of them does not give a vote, and a tie means to wait."""

from __future__ import annotations

from answers import Answers

from smithers import Context, Node, NoInput, Sequence, Step, Task, workflow
from smithers.patterns import Panel, Vote

AGENTS = {  # for real work: ClaudeCode(), Codex(), Gemini()
    "careful": Answers(lambda prompt: Vote(choice="wait", reason="It has no tests.")),
    "quick": Answers(lambda prompt: Vote(choice="ship")),
    "chatty": Answers(lambda prompt: "Well, it depends."),
}


@workflow
def decide(ctx: Context[NoInput]) -> Node[str]:
    votes = [
        Task(name, agent=agent, output=Vote, prompt="Ship or wait?")
        for name, agent in AGENTS.items()
    ]
    verdict = Panel("verdict", ctx, *votes, choices=["ship", "wait"], tie="wait", rule="majority")
    report = Step("report", lambda: f"{ctx[verdict].choice}: {ctx[verdict].reason}")
    return Sequence(verdict, report, result=report)
