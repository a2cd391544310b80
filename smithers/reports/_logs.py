"""What attempts said, from the files beside the database, once or as they grow."""

from __future__ import annotations

import json
import os
import re
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, NamedTuple

from smithers.changes import Key
from smithers.errors import Refused
from smithers.reports._database import reading
from smithers.reports._heads import head_of
from smithers.store.files import events_file, inside, open_plain, raw_file, streams_folder
from smithers.store.rows import path_of
from smithers.texts import object_from
from smithers.views import AttemptName, LogEvent, LogPage

__all__ = ["log_page", "log_size", "logs", "raw_logs"]

_POLL_S = 0.2
_LINE_BYTES = 64 << 20
"""A longer line is left out, and its size is given in its place."""
_BLOCK_BYTES = 1 << 16
"""How much is read at once to find where a line begins."""
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
        yield _event(name, line)


def raw_logs(
    path: Path, run_id: str, task: str | None = None, *, follow: bool = False
) -> Iterator[bytes]:
    """The programs' own streams, line by line as they were kept. Raises as `logs` does."""
    for _, line in _lines(path, run_id, task, follow=follow, raw=True):
        yield line


def _lines(
    path: Path, run_id: str, task: str | None, *, follow: bool, raw: bool
) -> Iterator[tuple[AttemptName, bytes]]:
    at: dict[int, int] = {}
    attempts, goes_on = _attempts(path, run_id, task, follow=follow)
    while True:
        for serial, made, line, end in _written(path, run_id, attempts, at, raw=raw):
            at[serial] = end
            yield made.name, line
        if not (follow and goes_on):
            return
        time.sleep(_POLL_S)
        attempts, goes_on = _attempts(path, run_id, task, follow=follow)


def log_page(
    path: Path,
    run_id: str,
    task: str,
    *,
    after: str | None = None,
    before: str | None = None,
    most: int = 400,
    most_bytes: int = 1 << 20,
) -> LogPage:
    """The events after a cursor; without one the last, of those before `before` if it is given. At
    least one event, if there is any, else as many as fit. Raises as `logs` does, and `Refused` for
    an invalid cursor.
    """
    end, attempts = _place(before), _attempts(path, run_id, task, follow=False)[0]
    if end is not None:
        attempts = {serial: made for serial, made in attempts.items() if serial <= end[0]}
    start = _place(after) or _tail(path, run_id, attempts, end, most_bytes)
    attempts = {serial: made for serial, made in attempts.items() if serial >= start[0]}
    found = deque[tuple[AttemptName, bytes, _Place]]()  # each with the place behind it
    size, first, more = 0, start, False
    for serial, made, line, at in _written(path, run_id, attempts, dict([start]), raw=False):
        if end is not None and (serial, at) > end:
            break
        is_full = found and (len(found) == most or size + len(line) > most_bytes)
        if is_full and after is not None:
            more = True
            break
        found.append((made.name, line, (serial, at)))
        size += len(line)
        while len(found) > 1 and (len(found) > most or size > most_bytes):
            _, gone, first = found.popleft()
            size -= len(gone)
    cursor = found[-1][2] if found else start
    return LogPage(
        events=tuple(_event(name, line, _cursor(place)) for name, line, place in found),
        before=_cursor(first) if first != (0, 0) and after is None else None,
        cursor=_cursor(cursor),
        more=more,
    )


def _tail(
    path: Path, run_id: str, attempts: Mapping[int, _Made], end: _Place | None, most_bytes: int
) -> _Place:
    """The place from which a log has `most_bytes` or more in whole lines, so that a long log is not
    read from its beginning; (0, 0) if it has fewer.
    """
    left = most_bytes
    for serial, made in sorted(attempts.items(), reverse=True):
        folder = streams_folder(path, made.origin or run_id)
        with suppress(FileNotFoundError), inside(folder) as opened:
            file = open_plain(events_file(folder, serial), os.O_RDONLY, opened)
            with open(file, "rb") as stream:
                size = os.fstat(file).st_size
                if end is not None and serial == end[0]:
                    size = min(size, end[1])
                size = _line_at(stream, size)
                if size > left:
                    begin = _line_at(stream, size - left)
                    return (0, 0) if (serial, begin) == (min(attempts), 0) else (serial, begin)
                left -= size
    return 0, 0


def _line_at(stream: BinaryIO, at: int) -> int:
    """Where the line begins that has this position in it, or at its beginning."""
    while at > 0:
        begin = max(0, at - _BLOCK_BYTES)
        stream.seek(begin)
        if (found := stream.read(at - begin).rfind(b"\n")) >= 0:
            return begin + found + 1
        at = begin
    return 0


def log_size(path: Path, run_id: str, task: str) -> int:
    """How many bytes the events of a task's attempts have. Raises `UnknownRun`."""
    attempts = _attempts(path, run_id, task, follow=False, may_lack=True)[0]
    found = 0
    for serial, made in attempts.items():
        with suppress(OSError):
            file = events_file(streams_folder(path, made.origin or run_id), serial)
            found += os.lstat(file).st_size
    return found


_Place = tuple[int, int]
"""An attempt, and how many bytes of its file."""


def _place(cursor: str | None) -> _Place | None:
    if cursor is None:
        return None
    if (match := re.fullmatch(r"([0-9]{1,12})\.([0-9]{1,15})", cursor)) is None:
        raise Refused(
            f"{cursor[:40]!r} is not a cursor of a log",
            hint="give the cursor of the page before, or leave it out",
        )
    return int(match[1]), int(match[2])


def _cursor(place: _Place) -> str:
    return f"{place[0]}.{place[1]}"


def _event(name: AttemptName, line: bytes, cursor: str = "") -> LogEvent:
    text = line.decode("utf-8", "replace")
    return LogEvent(name, object_from(text) or {"event": "unreadable", "text": text}, cursor)


def _written(
    path: Path, run_id: str, attempts: Mapping[int, _Made], at: Mapping[int, int], *, raw: bool
) -> Iterator[tuple[int, _Made, bytes, int]]:
    """The whole lines of attempts, each from its place on: with the attempt, and the place behind
    the line.
    """
    file_of = raw_file if raw else events_file
    for origin, group in groupby(attempts.items(), lambda one: one[1].origin):
        folder = streams_folder(path, origin or run_id)
        with suppress(FileNotFoundError), inside(folder) as opened:
            for serial, made in group:
                file = file_of(folder, serial)
                for line, end in _lines_of(file, opened, at.get(serial, 0)):
                    yield serial, made, line, end


class _Made(NamedTuple):
    """An attempt, and the run whose attempt it was, if a fork has it from there."""

    name: AttemptName
    origin: str | None


def _attempts(
    path: Path, run_id: str, task: str | None, *, follow: bool, may_lack: bool = False
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
    if not found and not may_lack and not (follow and goes_on):
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
