"""What a run did, as a replay needs it, and what its agents answered by their streams."""

from __future__ import annotations

import os
import shlex
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from smithers.errors import Refused, StoreError, UnknownRun
from smithers.reports._database import reading
from smithers.store.files import events_file, inside, open_plain, streams_folder
from smithers.store.history import frames_of, parts_of
from smithers.store.outputs import no_output, output_of
from smithers.store.run_rows import run_row
from smithers.texts import object_from
from smithers.values import dataclass

if TYPE_CHECKING:
    from smithers.changes import Frame, Key, StatusChanged
    from smithers.engine.replaying import Done, Recording
    from smithers.state import Ended
    from smithers.store import RunRow
    from smithers.store.history import Part

__all__ = ["RecordedRun", "answer_in_stream", "recorded", "settled"]

_REPLAYED = ("finished", "continued", "failed")


@dataclass(frozen=True, kw_only=True)
class RecordedRun:
    """A run that has ended, its row and its frames."""

    run: RunRow
    frames: Sequence[Frame]
    recording: Recording


def recorded(path: Path, run_id: str, *, pools: Iterable[str] = ()) -> RecordedRun:
    """What a run did. Raises `UnknownRun`, and `Refused` for one that has not ended by itself."""
    from smithers.engine.replaying import recording_of

    with reading(path) as db:
        run = run_row(db, run_id)

        def read(key: Key, frame: int) -> str:
            text = output_of(db, run_id, key, frame)
            if text is None:
                raise no_output(run_id, key, frame)
            return text

        def find_child(child: str) -> StatusChanged:
            return _end(db, child)

        frames = frames_of(db, run_id)
        recording = recording_of(run, frames, read, find_child, pools=pools)
    if recording.status not in _REPLAYED:
        was = "was cancelled" if recording.status == "cancelled" else f"is {recording.status}"
        raise Refused(
            f"run {run_id} {was}: only a run that has finished or failed can be replayed",
            hint=f"to see what it is doing, type `smithers why {shlex.quote(run_id)}`",
        )
    return RecordedRun(run=run, frames=frames, recording=recording)


def _end(db: sqlite3.Connection, run_id: str) -> StatusChanged:
    """How a child run has ended, in the run as which it continued in the end."""
    from smithers.changes import StatusChanged
    from smithers.state import RunState

    try:
        run_row(db, run_id)
    except UnknownRun:  # it was cancelled, or refused, before it began
        return StatusChanged(status="cancelled")
    parts: tuple[Part, ...] = ("statuses",)
    status = RunState.of(parts_of(db, run_id, parts)).status
    return status if status.next_run is None else _end(db, status.next_run)


def settled(path: Path, run_id: str, key: Key) -> tuple[Ended, str | None] | None:
    """How a node has ended, and what it gave as JSON text; None if it has not."""
    from smithers.state import RunState

    with reading(path) as db:
        ended = RunState.of(frames_of(db, run_id)).ended.get(key)
        if ended is None:
            return None
        return ended, output_of(db, run_id, key, ended.frame)


def answer_in_stream(path: Path, run_id: str, done: Done) -> tuple[str, Any] | None:
    """The text and the data of the answer that the stream of an attempt has; None without one."""
    if done.serial is None:
        return None
    folder = streams_folder(path, done.origin or run_id)
    found: dict[str, Any] | None = None
    try:
        with inside(folder) as opened:
            file = open_plain(events_file(folder, done.serial), os.O_RDONLY, opened)
            with open(file, encoding="utf-8", errors="replace") as stream:
                for line in stream:
                    event = object_from(line) or {}
                    found = event if event.get("event") == "answered" else found
    except (OSError, StoreError):
        return None
    if found is None or not isinstance(found.get("text"), str):
        return None
    return cast("str", found["text"]), found.get("data")
