"""An agent that says what no agent should, and a workflow of it for one run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from smithers import Context, Node, NoInput, Parallel, Retry, Step, Task, workflow
from smithers.agent import Ask, Capabilities, Event

__all__ = ["Hostile", "hostile"]

FAST = Retry(tries=2, first_s=0, max_s=0, jitter=0)


class Hostile:
    """Yields `script` in each request; an exception in it is raised there."""

    name = "hostile"
    can = Capabilities(resumes=True)
    script: Sequence[Any] = ()
    output: Any = str
    calls = 0

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        Hostile.calls += 1
        for event in self.script:
            if isinstance(event, BaseException):
                raise event
            yield event


@workflow
def hostile(ctx: Context[NoInput]) -> Node:
    task: Task[Any] = Task(
        "task",
        agent=Hostile(),
        prompt="p",
        output=Hostile.output,
        retry=FAST,
        on_failure="continue",
    )
    again = Task(
        "again",
        agent=Hostile(),
        prompt=lambda: f"{ctx.get(task)}",
        retry=FAST,
        on_failure="continue",
    )
    return Parallel(task, Step("read", lambda: str(ctx.get(task))[:50]), again)
