"""The events of a run in order, each with an id: the frame and its number within it.

The shape is that of `up --events`; a cursor is the id of an event, and asks for what came after it.
Frames are facts: what an id names never changes, and what is told was durable before.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from smithers.changes import Frame, Key, Large, Settled
from smithers.errors import Refused
from smithers.naming import key_name
from smithers.reports._database import Json, reading
from smithers.reports._heads import Head, head_of
from smithers.reports._lines import FOR_A_PERSON, change_lines
from smithers.reports._snapshot import snapshot
from smithers.reports._telling import Telling
from smithers.reports._timeline import in_order
from smithers.store.history import frames_of
from smithers.store.outputs import with_outputs
from smithers.store.rows import path_of
from smithers.views import summarize
from smithers.wire import summary_json

__all__ = ["MOST", "all_events", "event_lines", "events", "newest", "newest_of"]

MOST = 1000
"""So many events are in a page, where no other number is asked for."""

_PAGE_BYTES = 4 << 20
"""A page ends when the large outputs in it have more than that."""

_POLL_S = 0.2
_FRAMES = 100
_LINE_CHARS = 66
"""What a model reads as fewer than 20 tokens, quotes and comma included."""

_NAME_CHARS = 24
_IN_SHORT = FOR_A_PERSON | {"status_changed"}
_ATTEMPTS = (
    "SELECT serial, task, path, attempt, agent FROM attempts"
    " WHERE run_id = ? AND (ended IS NULL OR ended >= ?)"
)
_Id = tuple[int, int]


def events(
    path: Path,
    run_id: str,
    after: str | None = None,
    *,
    limit: int = MOST,
    outputs: bool = True,
) -> Json:
    """A page of the events after a cursor, `limit` of them at most, and the cursor of its last.
    Without `outputs`, the large ones are None.

    An entry is a frame with those of its changes that are in the page, each with its number `n`.
    `more` says that others follow already, `status` how the run stands, in the same moment. Raises
    `UnknownRun`, or `Refused` for a cursor that is none of this run.
    """
    seen = _id_of(after)
    with reading(path) as db:
        head = head_of(db, run_id)
        found, more = _page(db, head, seen, limit, outputs)
    return {
        "version": 1,
        "run_id": run_id,
        "status": head.status,
        "events": found,
        "cursor": found[-1]["cursor"] if found else after,
        "more": more,
    }


def event_lines(path: Path, run_id: str, after: str | None, characters: int) -> Json:
    """What happened after a cursor in short lines, each with its time in UTC: as many as have so
    many characters as JSON. `cursor` is the id of the last event that was looked at, `more` says
    that others follow already. Raises as `events` does.
    """
    seen = _id_of(after)
    lines: list[str] = []
    left = characters
    with reading(path) as db:
        head = head_of(db, run_id)
        for told, _ in _frames_after(db, head, seen, _FRAMES, outputs=False):
            number, changes = told["frame"], told["changes"]
            for n, line in _short_lines(told):
                if (number, n) <= seen:
                    continue
                left -= len(json.dumps(line, ensure_ascii=False)) + 1
                if left < 0:
                    return _lines_page(head, lines, after, more=True)
                lines.append(line)
                after = f"{number}.{n}"
            if changes:
                after = f"{number}.{changes[-1]['n']}"
    return _lines_page(head, lines, after, more=False)


def _lines_page(head: Head, lines: list[str], cursor: str | None, *, more: bool) -> Json:
    return {"status": head.status, "lines": lines, "cursor": cursor, "more": more}


def _short_lines(told: Json) -> Iterator[tuple[int, str]]:
    """The lines of a frame, each with the number of its change."""
    changes = [one for one in told["changes"] if one["what"] in _IN_SHORT]
    for found in change_lines(changes):
        change, words = changes[found.position], found.words
        name = "" if "task" not in change else key_name(Key(change["task"], change["iteration"]))
        if len(name) > _NAME_CHARS:
            half = _NAME_CHARS // 2
            words = words.replace(name, f"{name[: half - 1]}…{name[-half:]}")
        line = f"{told['at'][5:10]} {told['at'][11:19]} {' '.join(words.split())}"
        yield change["n"], line if len(line) <= _LINE_CHARS else f"{line[: _LINE_CHARS - 1]}…"


def all_events(
    path: Path,
    run_id: str,
    after: str | None = None,
    *,
    follow: bool = False,
    outputs: bool = True,
) -> Iterator[Json]:
    """The same one by one, page after page. With `follow` they come as they happen, until the run
    has ended, waits or was left; then the last is `end`, with how it stands.
    """
    while True:
        page = events(path, run_id, after, outputs=outputs)
        yield from page["events"]
        after = page["cursor"]
        if page["more"]:
            continue
        if not follow:
            return
        if page["status"] != "running":
            yield {"event": "end", **summary_json(summarize(snapshot(path, run_id)))}
            return
        time.sleep(_POLL_S)


def newest(path: Path, run_id: str) -> str | None:
    """The cursor of the last event of a run so far. Raises `UnknownRun`."""
    with reading(path) as db:
        return newest_of(db, run_id, head_of(db, run_id).frame)


def newest_of(db: sqlite3.Connection, run_id: str, number: int) -> str | None:
    """The cursor of the last event of a run, whose last frame is given; None if there is none."""
    while number >= 0:
        for frame in reversed(frames_of(db, run_id, first=max(number - 9, 0), last=number)):
            if count := len(Telling().frame(frame)["changes"]):
                return f"{frame.number}.{count - 1}"
        number -= 10
    return None


def _page(
    db: sqlite3.Connection, head: Head, seen: _Id, limit: int, outputs: bool
) -> tuple[list[Json], bool]:
    """The frames after an id with their changes, `limit` of these in all; whether others follow."""
    found: list[Json] = []
    left, room = limit, _PAGE_BYTES
    for told, size in _frames_after(db, head, seen, limit, outputs=outputs):
        changes = told["changes"]
        if told["frame"] == seen[0]:
            changes = changes[seen[1] + 1 :]
        if page := changes[:left]:
            cursor = f"{told['frame']}.{page[-1]['n']}"
            found.append({"event": "frame", "cursor": cursor, **told, "changes": page})
        left, room = left - len(page), room - (size if page else 0)
        if left == 0 or room < 0:
            return found, len(page) < len(changes) or told["frame"] < head.frame
    return found, False


def _frames_after(
    db: sqlite3.Connection, head: Head, seen: _Id, at_once: int, *, outputs: bool
) -> Iterator[tuple[Json, int]]:
    """The frames from that of an id on, each with all its changes in order, and with how many bytes
    of large outputs. Raises `Refused` for an id that is none.
    """
    if seen[0] > head.frame:
        raise _none_of(head, seen, f"its last frame is {head.frame}")
    telling = Telling()
    for serial, task, at, attempt, agent in db.execute(_ATTEMPTS, (head.run_id, seen[0])):
        telling.knows(serial, Key(task, path_of(at)), attempt, agent)
    first = max(seen[0], 0)
    while first <= head.frame:
        for frame in frames_of(db, head.run_id, first=first, last=first + at_once - 1):
            told = telling.frame(with_outputs(db, head.run_id, frame) if outputs else frame)
            changes = [{"n": n, **one} for n, one in enumerate(in_order(told["changes"]))]
            if frame.number == seen[0] and seen[1] >= len(changes):
                raise _none_of(head, seen, f"frame {seen[0]} has {len(changes)} events")
            yield {**told, "changes": changes}, _large_bytes(frame) if outputs else 0
        first += at_once


def _large_bytes(frame: Frame) -> int:
    given = (change.output for change in frame.changes if isinstance(change, Settled))
    return sum(output.size for output in given if isinstance(output, Large))


def _id_of(cursor: str | None) -> _Id:
    if cursor is None:
        return -1, -1
    if (match := re.fullmatch(r"([0-9]{1,12})\.([0-9]{1,12})", cursor)) is None:
        raise Refused(
            f"{cursor[:40]!r} is not a cursor",
            hint="a cursor is FRAME.N, for example 3.1; `smithers events RUN --json` shows them",
        )
    return int(match[1]), int(match[2])


def _none_of(head: Head, seen: _Id, why: str) -> Refused:
    return Refused(
        f"{seen[0]}.{seen[1]} is not a cursor of run {head.run_id}: {why}",
        hint="the cursor belongs to another run; leave out --after to start with the first event",
    )
