"""An outline, a letter from it, and a list of the addressees, which reads neither."""

from __future__ import annotations

from harnesses import Scripted
from smithers import Context, Node, NoInput, Sequence, Task, workflow
from smithers.agent import Ask


def answer(ask: Ask) -> str:
    return f"[{ask.prompt}]"


agent = Scripted({"*": answer})  # for real work: ClaudeCode()


@workflow
def letter(ctx: Context[NoInput]) -> Node[str]:
    outline = Task("outline", agent=agent, prompt="Outline a letter.")
    names = Task("names", agent=agent, prompt="List the addressees.")
    text = Task("text", agent=agent, prompt=lambda: f"Write {ctx[outline]}")
    return Sequence(outline, names, text, result=text)
