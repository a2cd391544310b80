"""What attempts said, from the files beside the database, once or as they grow."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from smithers.changes import Key
from smithers.errors import Refused
from smithers.reports._database import reading
from smithers.reports._heads import head_of
from smithers.store.files import events_file, inside, open_plain, raw_file, streams_folder
from smithers.store.rows import path_of
from smithers.texts import object_from
from smithers.views import AttemptName, LogEvent

__all__ = ["logs", "raw_logs"]

_POLL_S = 0.2
_LINE_BYTES = 64 << 20
"""A longer line is left out, and its size is given in its place."""
_ATTEMPTS = (
    "SELECT serial, task, path, attempt, agent, origin FROM attempts WHERE run_id = ?"
    " ORDER BY serial"
)


def logs(
    path: Path, run_id: str, task: str | None = None, *, follow: bool = False
) -> Iterator[LogEvent]:
    """The events of a run's attempts, one attempt after the other.

    `task` is an id, or a task in one iteration as in `review[2]`. With `follow` it continues, in
    the order of arrival, until nothing of the run can come any more. Raises `UnknownRun`, `Refused`
    for a task that had no attempt, or `StoreError` for a file that is a link.
    """
    for name, line in _lines(path, run_id, task, follow=follow, raw=False):
        text = line.decode("utf-8", "replace")
        yield LogEvent(name, object_from(text) or {"event": "unreadable", "text": text})


def raw_logs(
    path: Path, run_id: str, task: str | None = None, *, follow: bool = False
) -> Iterator[bytes]:
    """The programs' own streams, line by line as they were kept. Raises as `logs` does."""
    for _, line in _lines(path, run_id, task, follow=follow, raw=True):
        yield line


def _lines(
    path: Path, run_id: str, task: str | None, *, follow: bool, raw: bool
) -> Iterator[tuple[AttemptName, bytes]]:
    file_of = raw_file if raw else events_file
    at: dict[int, int] = {}
    attempts, goes_on = _attempts(path, run_id, task, follow=follow)
    while True:
        for origin, group in groupby(attempts.items(), lambda one: one[1].origin):
            folder = streams_folder(path, origin or run_id)
            with suppress(FileNotFoundError), inside(folder) as opened:
                for serial, made in group:
                    file = file_of(folder, serial)
                    for line, end in _lines_of(file, opened, at.get(serial, 0)):
                        at[serial] = end
                        yield made.name, line
        if not (follow and goes_on):
            return
        time.sleep(_POLL_S)
        attempts, goes_on = _attempts(path, run_id, task, follow=follow)


class _Made(NamedTuple):
    """An attempt, and the run whose attempt it was, if a fork has it from there."""

    name: AttemptName
    origin: str | None


def _attempts(
    path: Path, run_id: str, task: str | None, *, follow: bool
) -> tuple[dict[int, _Made], bool]:
    """The attempts that are asked for, by serial, and whether a living owner may add to them."""
    with reading(path) as db:
        head = head_of(db, run_id)
        rows = db.execute(_ATTEMPTS, (run_id,)).fetchall()
    every = {
        serial: _Made(AttemptName(Key(id, path_of(at)), number, agent), origin)
        for serial, id, at, number, agent, origin in rows
    }
    goes_on = head.stored == "running" and head.alive
    if task is None:
        return every, goes_on
    found = {
        serial: made
        for serial, made in every.items()
        if task in (made.name.key.id, str(made.name.key))
    }
    if not found and not (follow and goes_on):
        ids = ", ".join(dict.fromkeys(made.name.key.id for made in every.values())) or "none"
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
