"""Three sources are read in parallel, one is not there, and one agent writes the report."""

from __future__ import annotations

from answers import Answers

from smithers import Context, ForEach, Node, NoInput, Task, workflow
from smithers.patterns import GatherAndSynthesize


def read(prompt: str) -> str:
    return f"facts of {prompt.split()[-1]}"


reader = Answers(read)  # for real work: ClaudeCode(model="haiku")
writer = Answers(lambda prompt: f"Report on {prompt}")  # for real work: ClaudeCode()


@workflow
def report(ctx: Context[NoInput]) -> Node[str]:
    def gather(source: str) -> Node[str]:
        return Task(f"read {source}", agent=reader, prompt=f"Read the {source}")

    def synthesize(facts: ForEach[str]) -> Node[str]:
        return Task("report", agent=writer, prompt=lambda: ", ".join(ctx[facts]))

    sources = ["tickets", "logs", "docs"]
    return GatherAndSynthesize("facts", ctx, sources, gather, synthesize, key=str, at_least=2)
