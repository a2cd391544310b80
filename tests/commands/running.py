"""Running one command or step in memory, with real programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from smithers import Context, Node, NoInput, workflow
from smithers.changes import Failure, Key
from smithers.state import Ended
from tests.rules.runs import Run

__all__ = ["PYTHON", "end_of", "events_of", "failure_of", "output_of", "run_of"]

PYTHON = [sys.executable, "-S", "-c"]


def run_of(make: Callable[[Context[NoInput]], Node[Any]], **options: Any) -> Run:
    """A run of a workflow that consists of what is made."""

    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return make(ctx)

    return Run(flow, linger_s=0.0, **options)


def end_of(node: Node[Any], **options: Any) -> Ended:
    """How a node ends that is alone in a run."""
    run = run_of(lambda ctx: node, **options)
    run.go()
    return run.state.ended[Key(node.id or "")]


def output_of(node: Node[Any], **options: Any) -> Any:
    """What it gives, as JSON data."""
    ended = end_of(node, **options)
    assert ended.error is None, ended.error
    assert isinstance(ended.output, str)
    return json.loads(ended.output)


def failure_of(node: Node[Any], **options: Any) -> Failure:
    """Why it fails."""
    ended = end_of(node, **options)
    assert ended.error is not None
    return ended.error


def events_of(run: Run, serial: int = 1) -> list[dict[str, Any]]:
    """The events in the log of an attempt."""
    file = Path(run.settings.streams) / f"{serial}.events.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()]
