"""What tests of patterns share: a workflow of a function, a scripted agent by its prompts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from smithers import Context, Node, NoInput, Workflow, workflow
from smithers.changes import Key
from tests.rules.agents import Scripted
from tests.rules.runs import Run

__all__ = ["Make", "answers", "begin", "error_of", "gives"]

Make = Callable[[Context[NoInput]], Node[Any]]


def begin(make: Make, **options: Any) -> Run:
    """A run in memory of what `make` returns."""

    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return make(ctx)

    flow_: Workflow[NoInput, Any] = flow
    return Run(flow_, **options)


def answers(*script: Any, name: str = "agent") -> Scripted:
    """An agent that gives these values, one a request, as JSON; exceptions are raised."""
    lines = [
        one if isinstance(one, Exception | str) else json.dumps(one, default=lambda m: m.__dict__)
        for one in script
    ]
    return Scripted(*lines, name=name, native_schema=True)


def gives(run: Run, task: str, *path: int) -> Any:
    """The output of a task, as data."""
    return json.loads(run.output(task, *path) or "null")


def error_of(run: Run, task: str, *path: int) -> str:
    """The message by which a task failed."""
    error = run.state.ended[Key(task, path)].error
    assert error is not None
    return error.message
