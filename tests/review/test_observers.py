"""Whoever watches a run cannot make its tasks fail."""

from __future__ import annotations

import errno

from smithers import Context, Node, NoInput, Task, workflow
from smithers.agent import Event
from smithers.changes import Key
from tests.engine.runs import Watch
from tests.rules.agents import Scripted
from tests.rules.runs import Run


class Full(Watch):
    """Shows events on a disk that is full."""

    def event(self, key: Key, event: Event) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")


def test_an_event_that_cannot_be_shown_fails_no_task() -> None:
    agent = Scripted("done")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node[str]:
        return Task("task", agent=agent, prompt="p")

    run = Run(flow)
    run.watch = Full()
    assert run.go().output == '"done"'
