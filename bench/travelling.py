"""Time travel over a long run: `python -m bench.travelling SHAPE N FOLDER`.

A run of N steps ends, in sequence (a frame each) or in parallel. Then it is forked at its last
frame, taken back to its middle, and read frame by frame. Tells the CPU seconds of each, the bytes
of the fork for each step, and the CPU seconds until the first frame of the timeline is read.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench import steps
from bench.driving import drive, emit, store
from smithers.hub import Hub

__all__: list[str] = []


def _cpu_s(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def _bytes(database: Path) -> int:
    return sum(file.stat().st_size for file in database.parent.glob(f"{database.name}*"))


def _first(hub: Hub) -> float:
    with hub.frame_by_frame("bench") as frames:
        return _cpu_s(lambda: next(iter(frames)))


def _all(hub: Hub) -> int:
    with hub.frame_by_frame("bench", outputs=False) as frames:
        return sum(1 for _ in frames)


def main(shape: str, count: str, where: str) -> None:
    database = store(Path(where), "run")
    given: dict[str, object] = {"shape": shape, "kind": "async", "count": int(count)}
    drive(steps.__file__, "steps", database, given)
    hub = Hub(database)
    hub.fork("bench", new_id="warm", frame=0, by="bench")  # what it imports is not counted
    before = _bytes(database)
    fork_s = _cpu_s(lambda: hub.fork("bench", new_id="fork", by="bench"))
    fork_bytes = _bytes(database) - before
    first_s, timeline_s = _first(hub), _cpu_s(lambda: _all(hub))
    frames = hub.summary("bench").frames
    rewind_s = _cpu_s(lambda: hub.rewind("bench", frames // 2))
    emit(
        fork_cpu_s=fork_s,
        rewind_cpu_s=rewind_s,
        timeline_cpu_s=timeline_s,
        first_frame_cpu_s=first_s,
        fork_bytes_a_step=fork_bytes / int(count),
        frames=frames,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
