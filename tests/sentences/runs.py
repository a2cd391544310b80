"""What the tests of the sentences share: a run of an example, its programs, and its agents."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from smithers.agent import Ask, Event
from smithers.changes import Key
from smithers.workflows import Workflow
from tests.rules.agents import Scripted
from tests.rules.runs import Clock, Run

__all__ = ["Crowd", "error_of", "json_of", "program", "run_of"]


def run_of(workflow: Workflow[Any, Any], input: BaseModel | None = None) -> Run:
    """A run with a clock that only the test moves."""
    given = "{}" if input is None else input.model_dump_json()
    return Run(workflow, given, now=Clock(), linger_s=1)


def json_of(answer: Callable[[str], BaseModel]) -> Callable[[Ask], str]:
    """A line of a scripted agent that is a model, made from the first line that it was told."""
    return lambda ask: answer(ask.told.partition("\n")[0]).model_dump_json()


def error_of(run: Run, task: str, *path: int) -> str:
    error = run.state.ended[Key(task, path)].error
    assert error is not None
    return error.message


def program(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, script: str) -> None:
    """A program of this name that commands find first; its script is for /bin/sh."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    if str(folder) not in os.environ["PATH"].split(os.pathsep):
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


class Crowd(Scripted):
    """Answers once `full` requests are in work at the same time; `most` is how many there were."""

    def __init__(self, full: int, answer: Callable[[Ask], str], name: str = "crowd") -> None:
        super().__init__(answer, name=name)
        self.full, self.running, self.most = full, 0, 0
        self._is_full = asyncio.Event()

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        self.running += 1
        self.most = max(self.most, self.running)
        if self.running == self.full:
            self._is_full.set()
        try:
            await self._is_full.wait()
            async for event in super().run(ask):
                yield event
        finally:
            self.running -= 1
