"""Replaying runs that were driven in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from smithers.changes import Key, StatusChanged
from smithers.engine.replaying import Recording, Replayed, recording_of, replay
from smithers.engine.replaying.frozen import frozen_lines, parse_frozen
from smithers.errors import UnknownRun
from smithers.secrets import Secrets
from smithers.state import RunState
from smithers.store.memory import MemoryStore
from smithers.workflows import Workflow
from tests.engine.runs import Run

__all__ = ["record", "refrozen", "replayed"]

_HERE = Path(__file__).parent


def record(run: Run, pools: Iterable[str] = ()) -> Recording:
    """What a run did."""
    history = asyncio.run(run.store.load("r1"))

    def read(key: Key, frame: int) -> str:
        return run.store.output("r1", key, frame)

    end = partial(_end, run.store)
    return recording_of(history.run, history.frames, read, end, pools=pools)


def _end(store: MemoryStore, run_id: str) -> StatusChanged:
    try:
        status = RunState.of(asyncio.run(store.load(run_id)).frames).status
    except UnknownRun:  # it was cancelled before it began
        return StatusChanged(status="cancelled")
    return status if status.next_run is None else _end(store, status.next_run)


def refrozen(recording: Recording, secrets: Secrets | None = None) -> Recording:
    """The same, as its lines give it again."""
    lines = frozen_lines(recording, "flow.py", secrets or Secrets({}))
    return parse_frozen(lines, _HERE / "it.jsonl")


def replayed(
    workflow: Workflow[Any, Any], recording: Recording, *, within_s: float = 20
) -> Replayed:
    """A run, replayed with a workflow that may be another than its own."""

    async def bounded() -> Replayed:
        async with asyncio.timeout(within_s):
            return await replay(workflow, recording, folder=_HERE, secrets=Secrets({}))

    return asyncio.run(bounded())
