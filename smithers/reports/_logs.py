"""What attempts said, from the files beside the database, once or as they grow."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from smithers.changes import Key
from smithers.errors import Refused
from smithers.reports._database import Json, object_from, reading
from smithers.reports._heads import head_of
from smithers.store.files import events_file, inside, open_plain, raw_file, streams_folder
from smithers.store.rows import path_of

__all__ = ["logs", "raw_logs"]

_POLL_S = 0.2
_LINE_BYTES = 64 << 20
"""A longer line is left out, and its size is given in its place."""
_ATTEMPTS = (
    "SELECT serial, task, path, attempt, agent FROM attempts WHERE run_id = ? ORDER BY serial"
)


@dataclass(frozen=True)
class _Told:
    serial: int
    key: Key
    number: int
    agent: str


def logs(
    path: Path, run_id: str, task: str | None = None, *, follow: bool = False
) -> Iterator[Json]:
    """The events of a run's attempts, one attempt after the other, each with its task and attempt.

    `task` is an id, or a task in one iteration as in `review[2]`. With `follow` it goes on, in the
    order of arrival, until nothing of the run can come any more. Raises `UnknownRun`, `Refused` for
    a task that had no attempt, or `StoreError` for a file that is a link.
    """
    for one, line in _lines(path, run_id, task, follow=follow, raw=False):
        text = line.decode("utf-8", "replace")
        event = object_from(text) or {"event": "unreadable", "text": text}
        yield {
            "task": one.key.id,
            "iteration": list(one.key.path),
            "attempt": one.number,
            "agent": one.agent,
            **event,
        }


def raw_logs(
    path: Path, run_id: str, task: str | None = None, *, follow: bool = False
) -> Iterator[bytes]:
    """The programs' own streams, line by line as they were kept. Raises as `logs` does."""
    for _, line in _lines(path, run_id, task, follow=follow, raw=True):
        yield line


def _lines(
    path: Path, run_id: str, task: str | None, *, follow: bool, raw: bool
) -> Iterator[tuple[_Told, bytes]]:
    folder = streams_folder(path, run_id)
    file_of = raw_file if raw else events_file
    at: dict[int, int] = {}
    attempts, goes_on = _attempts(path, run_id, task, follow=follow)
    while True:
        with suppress(FileNotFoundError), inside(folder) as opened:
            for one in attempts:
                file = file_of(folder, one.serial)
                for line, end in _lines_of(file, opened, at.get(one.serial, 0)):
                    at[one.serial] = end
                    yield one, line
        if not (follow and goes_on):
            return
        time.sleep(_POLL_S)
        attempts, goes_on = _attempts(path, run_id, task, follow=follow)


def _attempts(
    path: Path, run_id: str, task: str | None, *, follow: bool
) -> tuple[list[_Told], bool]:
    """The attempts that are asked for, and whether a living owner may add to them."""
    with reading(path) as db:
        head = head_of(db, run_id)
        rows = db.execute(_ATTEMPTS, (run_id,)).fetchall()
    every = [_Told(row[0], Key(row[1], path_of(row[2])), row[3], row[4]) for row in rows]
    goes_on = head.stored == "running" and head.alive
    if task is None:
        return every, goes_on
    found = [one for one in every if task in (one.key.id, str(one.key))]
    if not found and not (follow and goes_on):
        ids = ", ".join(dict.fromkeys(one.key.id for one in every)) or "none"
        raise Refused(
            f"run {run_id} has no attempts of {task!r}",
            hint=f"the tasks with attempts are: {ids}",
        )
    return found, goes_on


def _lines_of(file: Path, folder: int, at: int) -> Iterator[tuple[bytes, int]]:
    """The whole lines of a file from a position, each with the position behind it."""
    try:
        opened = open_plain(file, os.O_RDONLY, folder)
    except FileNotFoundError:
        return
    with open(opened, "rb") as stream:
        stream.seek(at)
        while line := stream.readline(_LINE_BYTES):
            size = len(line)
            while not line.endswith(b"\n") and len(line) == _LINE_BYTES:
                line = stream.readline(_LINE_BYTES)
                size += len(line)
            if not line.endswith(b"\n"):
                return
            at += size
            if size > _LINE_BYTES:
                line = json.dumps({"event": "dropped", "size_bytes": size}).encode()
            yield line.rstrip(b"\r\n"), at
