"""What the agents of a run are doing: their last tool and their last words, from their streams."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from smithers.changes import Key
from smithers.errors import StoreError
from smithers.reports._database import Json, object_from
from smithers.reports._heads import Head
from smithers.store.files import events_file, inside, open_plain, streams_folder
from smithers.store.rows import path_of

__all__ = ["activity_of", "last_events"]

_RUNNING = (
    "SELECT serial, task, path, attempt, agent, started_at FROM attempts"
    " WHERE run_id = ? AND state IS NULL ORDER BY serial"
)
_TAIL_BYTES = 64 << 10
_CHARS = 200
_SAYS = ("said", "thought", "answered")


def activity_of(db: sqlite3.Connection, path: Path, head: Head) -> list[Json]:
    """The attempts that run, each with the `tool` that its agent called last and its last `words`,
    which are empty if there are none.
    """
    if not head.alive:
        return []
    folder = streams_folder(path, head.run_id)
    found: list[Json] = []
    for serial, task, at, attempt, agent, since in db.execute(_RUNNING, (head.run_id,)):
        tool, words = _last(folder, serial)
        name = str(Key(task, path_of(at)))
        who: Json = {"task": name, "attempt": attempt, "agent": agent, "since": since}
        found.append({**who, "tool": tool, "words": words})
    return found


def _last(folder: Path, serial: int) -> tuple[str, str]:
    tool = words = ""
    for event in last_events(folder, serial):
        kind = event.get("event")
        if kind == "toolcalled" and not tool:
            arguments: Json = event.get("arguments") or {}
            inner = next(iter(arguments.values()), "")
            tool = _line(f"{event.get('name')}: {inner}" if inner else str(event.get("name")))
        elif kind in _SAYS and not words:
            words = _line(str(event.get("text") or ""))
        if tool and words:
            break
    return tool, words


def last_events(folder: Path, serial: int, tail_bytes: int = _TAIL_BYTES) -> Iterator[Json]:
    """The last events of an attempt, the newest first; none if its file cannot be read."""
    lines: list[bytes] = []
    with suppress(OSError, StoreError), inside(folder) as opened:
        file = open_plain(events_file(folder, serial), os.O_RDONLY, opened)
        with open(file, "rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - tail_bytes))
            lines = stream.read().split(b"\n")
    for line in reversed(lines):
        if (event := object_from(line.decode("utf-8", "replace"))) is not None:
            yield event


def _line(text: str) -> str:
    line = " ".join(text[: 4 * _CHARS].split())
    return line if len(line) <= _CHARS else f"{line[:_CHARS]}…"
