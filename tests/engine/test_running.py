"""An attempt that begins beside the loop, before it has a task."""

from __future__ import annotations

import asyncio

import pytest

from smithers.changes import Key
from smithers.engine.attempts.execution import Execution, Result, Running
from smithers.tree import Output
from smithers.values import dataclass


@dataclass(kw_only=True)
class Beside(Execution):
    """Works in a thread, as it says, until it is told to stop."""

    is_beside: bool = True
    is_told: bool = False

    def begin(self) -> bool:
        return False

    async def run(self) -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.is_told = True
            raise
        return ""

    def result_of(self, error: Exception) -> Result:
        return Result("failed", error=error)


@pytest.mark.parametrize("turns", [0, 1, 2])
def test_what_is_at_work_is_told_of_a_stop_that_comes_before_its_task_has_a_turn(
    turns: int,
) -> None:
    async def stop() -> tuple[bool, list[str]]:
        ends: list[str] = []
        attempt = Beside(serial=1, output=Output(str))
        running = Running(Key("s"), attempt, lambda _, result: ends.append(result.kind))
        async with asyncio.TaskGroup() as group:
            running.start(group, lambda _: {}, alone=True)
            for _ in range(turns):
                await asyncio.sleep(0)
            running.cancel()
        return attempt.is_told, ends

    assert asyncio.run(stop()) == (True, ["cancelled"])
