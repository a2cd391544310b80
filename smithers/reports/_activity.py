"""What the agents of a run are doing: their last tool and their last words, from their streams."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smithers.changes import Key
from smithers.errors import StoreError
from smithers.reports._database import has_runs, reading
from smithers.reports._heads import SCOPE
from smithers.store.files import events_file, inside, last_written, open_plain, streams_folder
from smithers.store.rows import path_of, time_of
from smithers.texts import object_from
from smithers.views import Activity

if TYPE_CHECKING:
    from smithers.views import Snapshot

__all__ = ["activities", "activity_of", "last_events"]

_RUNNING = (
    "SELECT a.run_id, a.serial, a.task, a.path, a.attempt, a.agent, a.started_at FROM attempts a"
    f" WHERE a.state IS NULL AND {SCOPE.format('a')} ORDER BY a.serial DESC LIMIT :most"
)
_TAIL_BYTES = 64 << 10
_CHARS = 200
_SAYS = ("said", "thought", "answered")


def activity_of(snapshot: Snapshot, path: Path) -> Iterator[Activity]:
    """The attempts that run, in the order of their starts."""
    if not snapshot.alive:
        return
    folder = streams_folder(path, snapshot.run_id)
    for one in sorted(snapshot.state.running(), key=lambda one: one.serial):
        tool, words = _last(folder, one.serial)
        yield Activity(
            key=one.key,
            attempt=one.number,
            agent=one.agent,
            since=one.started_at,
            tool=tool,
            words=words,
            heard_at=last_written(folder, one.serial),
        )


def activities(path: Path, run_ids: Sequence[str], most: int = 100) -> dict[str, list[Activity]]:
    """The attempts that run in some runs, the newest of each first, `most` at most in all. Whether
    their owner lives is not asked.
    """
    found: dict[str, list[Activity]] = {}
    if not has_runs(path):
        return found
    with reading(path) as db:
        rows = db.execute(_RUNNING, {"runs": json.dumps(list(run_ids)), "most": most}).fetchall()
    for run_id, serial, task, at, attempt, agent, started in rows:
        folder = streams_folder(path, run_id)
        tool, words = _last(folder, serial)
        found.setdefault(run_id, []).append(
            Activity(
                key=Key(task, path_of(at)),
                attempt=attempt,
                agent=agent,
                since=time_of(started),
                tool=tool,
                words=words,
                heard_at=last_written(folder, serial),
            )
        )
    return found


def _last(folder: Path, serial: int) -> tuple[str, str]:
    tool = words = ""
    for event in last_events(folder, serial):
        kind = event.get("event")
        if kind == "toolcalled" and not tool:
            arguments: dict[str, Any] = event.get("arguments") or {}
            inner = next(iter(arguments.values()), "")
            tool = _line(f"{event.get('name')}: {inner}" if inner else str(event.get("name")))
        elif kind in _SAYS and not words:
            words = _line(str(event.get("text") or ""))
        if tool and words:
            break
    return tool, words


def last_events(
    folder: Path, serial: int, tail_bytes: int = _TAIL_BYTES
) -> Iterator[dict[str, Any]]:
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
