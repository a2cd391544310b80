"""An audit by `FanOutRefute`: `python -m bench.auditing N FOLDER`.

One agent looks at each of N files and has one finding for each; two others try to refute each
finding, and each has a judgement: four tasks a file. The agents answer from a function, so what is
measured is ours alone. A run of one file in another database goes before.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from pydantic import BaseModel

from bench.driving import drive, emit, store
from smithers import Context, Node, Task, workflow
from smithers.agent import Answered, Ask, Capabilities, Event, Started
from smithers.patterns import FanOutRefute, Refutation

__all__: list[str] = []


class Size(BaseModel):
    count: int


class Finding(BaseModel):
    file: str
    problem: str


class Answers:
    can = Capabilities(native_schema=True)

    def __init__(self, name: str, answer: Callable[[str], str]) -> None:
        self.name, self.answer = name, answer

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        yield Started(self.name)
        yield Answered(self.answer(ask.prompt))


def look(prompt: str) -> str:
    found = Finding(file=prompt.split()[-1], problem="The result of a call is not checked.")
    return f"[{found.model_dump_json()}]"


def doubt(prompt: str) -> str:
    return Refutation(refuted=prompt.endswith("0"), reason="It is checked.").model_dump_json()


looker, doubters = Answers("looker", look), [Answers("one", doubt), Answers("two", doubt)]


@workflow(input=Size, max_concurrency=8)
def audit(ctx: Context[Size]) -> Node[list[Finding]]:
    def find(file: str, known: Callable[[], list[Finding]]) -> Node[list[Finding]]:
        return Task(f"look at {file}", agent=looker, prompt=f"Look at {file}", output=list[Finding])

    def refute(finding: Finding) -> list[Task[Refutation]]:
        return [
            Task(
                f"{agent.name} doubts {finding.file}",
                agent=agent,
                prompt=f"{finding.problem} Is it so in {finding.file}",
                output=Refutation,
            )
            for agent in doubters
        ]

    return FanOutRefute(
        "audit",
        ctx,
        [f"file-{number}" for number in range(ctx.input.count)],
        find,
        refute,
        angle=str,
        key=lambda finding: finding.file,
        refutations=2,
        limit=8,
    )


def main(count: str, where: str) -> None:
    folder = Path(where)
    for place, size in (("warm", 1), ("run", int(count))):
        left, cpu_s, watch = drive(__file__, "audit", store(folder, place), {"count": size})
        assert left.status == "finished", left
    emit(cpu_s=cpu_s, frames=watch.frames)


if __name__ == "__main__":
    main(*sys.argv[1:])
