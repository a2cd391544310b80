"""An agent looks at each file, two at a time; a file that fails does not fail the others."""

from __future__ import annotations

from pathlib import Path

from harnesses import Scripted
from smithers import Context, ForEach, Node, NoInput, Sequence, Step, Task, workflow
from smithers.agent import Ask
from smithers.errors import Permanent


def summary(ask: Ask) -> str | Permanent:
    if "image" in ask.task:
        return Permanent("this is not a text")
    return f"{ask.task.removeprefix('sum up ')} is about whales"


agent = Scripted({"sum up *": summary})  # for real work: ClaudeCode()
FOLDER = Path(__file__).parent / "texts"


@workflow
def sum_up(ctx: Context[NoInput]) -> Node[list[str]]:
    def each(name: str) -> Node[str]:
        return Task(f"sum up {name}", agent=agent, prompt=f"Sum up {FOLDER / name} in a line.")

    names = Step("names", lambda: sorted(file.name for file in FOLDER.iterdir()))
    lines = ForEach(
        lambda: ctx[names], key=str, each=each, limit=2, on_failure="continue", id="lines"
    )
    return Sequence(names, lines, result=lines)
