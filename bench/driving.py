"""Driving a run inside the process that is measured."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from smithers.changes import AttemptEnded, AttemptStarted, Frame
from smithers.cli._collecting import imports_kept
from smithers.hub import Hub, Left

__all__ = ["Counting", "Marked", "Rendered", "drive", "emit", "store"]


class Counting:
    """Watches a run: its frames, and the attempts that ended and the most that ran at once by what
    they recorded.
    """

    def __init__(self) -> None:
        self.frames = self.most = self.ended = self._now = 0

    def frame(self, frame: Frame, state: object) -> None:
        self.frames = frame.number + 1
        for change in frame.changes:
            ended = isinstance(change, AttemptEnded)
            self._now += isinstance(change, AttemptStarted) - ended
            self.ended += ended
        self.most = max(self.most, self._now)

    def event(self, key: object, event: object) -> None: ...

    def note(self, text: str) -> None: ...


class Rendered:
    """What a workflow function has cost by itself, and the nodes that it built in all its calls;
    here, since a workflow's file is imported twice.
    """

    cpu_s = 0.0
    nodes = 0


class Marked:
    """What this process had spent at moments of a run, by its steps: when, the CPU seconds, and
    what all of `counts` counted; here for the same reason.
    """

    begun_s = 0.0
    marks: ClassVar[list[tuple[float, float, int]]] = []
    counts: ClassVar[list[Callable[[], int]]] = []

    @classmethod
    def mark(cls) -> None:
        cls.begun_s = time.monotonic()
        counted = sum(count() for count in cls.counts)
        cls.marks.append((cls.begun_s, time.process_time(), counted))


def store(folder: Path, name: str) -> Path:
    """The database of a run; what is measured is in the folder `run`, a warm-up elsewhere."""
    (folder / name).mkdir(exist_ok=True)
    return folder / name / "bench.db"


def drive(
    file: str, workflow: str, database: Path, given: dict[str, object], *, run_id: str = "bench"
) -> tuple[Left, float, Counting]:
    """How the run was left, the CPU seconds of this process meanwhile, and what was counted. As in
    `smithers up`, the process is the run's alone.
    """
    watch = Counting()
    hub = Hub(database)
    with imports_kept():
        before = time.process_time()
        left = asyncio.run(
            hub.start(
                file,
                name=workflow,
                input=json.dumps(given),
                run_id=run_id,
                observer=watch,
                linger_s=0,
            )
        )
        return left, time.process_time() - before, watch


def emit(**figures: float) -> None:
    """The last line of a program's output."""
    print(json.dumps(figures))
