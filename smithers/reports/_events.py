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
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from smithers.changes import Key, Large, Settled
from smithers.errors import Refused
from smithers.reports._database import reading
from smithers.reports._heads import head_of
from smithers.reports._snapshot import snapshot
from smithers.store.history import frames_of
from smithers.store.outputs import output_of
from smithers.store.rows import path_of
from smithers.views import (
    AttemptName,
    Attempts,
    EventsPage,
    LinesPage,
    short_lines,
    shown_changes,
    summarize,
)
from smithers.words import count_of

if TYPE_CHECKING:
    from smithers.reports._heads import Head
    from smithers.views import (
        ChangeView,
        FrameView,
        Summary,
    )

__all__ = [
    "MOST",
    "all_events",
    "attempts_before",
    "event_lines",
    "events",
    "id_of",
    "newest",
    "newest_of",
    "none_of",
]

MOST = 1000
"""So many events are in a page, where no other number is asked for."""

_PAGE_BYTES = 4 << 20
"""A page ends when the large outputs in it have more than that."""

_POLL_S = 0.2
_FRAMES = 100
_ATTEMPTS = (
    "SELECT serial, task, path, attempt, agent FROM attempts"
    " WHERE run_id = ? AND (ended IS NULL OR ended >= ?)"
)
_TRIED = (
    "SELECT DISTINCT a.task, a.path FROM attempts a JOIN resets r ON r.run_id = a.run_id"
    " AND r.node = a.task AND r.path = a.path AND r.born >= :frame"
    " WHERE a.run_id = :run AND a.born < :frame"
)
"""What was tried before a frame and is reset in it or later."""
_Id = tuple[int, int]


def events(
    path: Path,
    run_id: str,
    after: str | None = None,
    *,
    limit: int = MOST,
    outputs: bool = True,
) -> EventsPage:
    """A page of the events after a cursor, at most `limit` of them. Without `outputs`, the large
    ones are left out. Raises `UnknownRun`, or `Refused` if the cursor is not one of this run.
    """
    seen = id_of(after)
    with reading(path) as db:
        head = head_of(db, run_id)
        found, more = _page(db, head, seen, limit, outputs)
    return EventsPage(
        run_id=run_id,
        status=head.status,
        frames=tuple(found),
        cursor=found[-1].cursor if found else after,
        more=more,
    )


def event_lines(path: Path, run_id: str, after: str | None, characters: int) -> LinesPage:
    """What happened after a cursor in short lines: as many as have so many characters as JSON.
    Raises as `events` does.
    """
    seen = id_of(after)
    lines: list[str] = []
    left = characters
    with reading(path) as db:
        head = head_of(db, run_id)
        for frame in _frames_after(db, head, seen, _FRAMES):
            for n, line in short_lines(frame):
                if (frame.number, n) <= seen:
                    continue
                left -= len(json.dumps(line, ensure_ascii=False)) + 1
                if left < 0:
                    return _lines_page(head, lines, after, more=True)
                lines.append(line)
                after = f"{frame.number}.{n}"
            if frame.changes:
                after = frame.cursor
    return _lines_page(head, lines, after, more=False)


def _lines_page(head: Head, lines: list[str], cursor: str | None, *, more: bool) -> LinesPage:
    return LinesPage(status=head.status, lines=tuple(lines), cursor=cursor, more=more)


def all_events(
    path: Path,
    run_id: str,
    after: str | None = None,
    *,
    follow: bool = False,
    outputs: bool = True,
) -> Iterator[FrameView | Summary]:
    """The same frame by frame, page after page. With `follow` they come as they happen, until the
    run has ended, waits or was left; then the last is its summary.
    """
    while True:
        page = events(path, run_id, after, outputs=outputs)
        yield from page.frames
        after = page.cursor
        if page.more:
            continue
        if not follow:
            return
        if page.status != "running":
            yield summarize(snapshot(path, run_id))
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
            if count := sum(1 for _ in shown_changes(frame)):
                return f"{frame.number}.{count - 1}"
        number -= 10
    return None


def _page(
    db: sqlite3.Connection, head: Head, seen: _Id, limit: int, outputs: bool
) -> tuple[list[FrameView], bool]:
    """The frames after an id with their changes, `limit` of these in all; whether others follow."""
    found: list[FrameView] = []
    left, room = limit, _PAGE_BYTES
    for frame in _frames_after(db, head, seen, limit):
        page = frame.page(seen[1] + 1 if frame.number == seen[0] else 0, left)
        if outputs:
            page, room = _with_outputs(db, head.run_id, page, room)
        if page.changes:
            found.append(page)
            left -= len(page.changes)
        if left == 0 or room < 0:
            is_cut = page.first + len(page.changes) < len(frame.changes)
            return found, is_cut or frame.number < head.frame
    return found, False


def _with_outputs(
    db: sqlite3.Connection, run_id: str, page: FrameView, room: int
) -> tuple[FrameView, int]:
    """The changes of a page with the texts of their large outputs, and how many bytes of `room`
    those leave; the page is cut after the first that leaves less than none.
    """
    changes: list[ChangeView] = []
    for view in page.changes if room >= 0 else ():
        change = view.change
        if isinstance(change, Settled) and isinstance(change.output, Large):
            text = output_of(db, run_id, change.key, page.number)
            given = replace(change.output, text=text)
            changes.append(replace(view, change=replace(change, output=given)))
            room -= change.output.size
        else:
            changes.append(view)
        if room < 0:
            break
    return replace(page, changes=tuple(changes)), room


def _frames_after(
    db: sqlite3.Connection, head: Head, seen: _Id, at_once: int
) -> Iterator[FrameView]:
    """The frames from that of an id on, each with all its changes in order. Raises `Refused` for an
    id that is not one of the run.
    """
    if seen[0] > head.frame:
        raise none_of(head.run_id, seen, f"its last frame is {head.frame}")
    attempts = attempts_before(db, head.run_id, seen[0])
    first = max(seen[0], 0)
    while first <= head.frame:
        for frame in frames_of(db, head.run_id, first=first, last=first + at_once - 1):
            view = attempts.view(frame)
            if frame.number == seen[0] and seen[1] >= len(view.changes):
                has = f"frame {seen[0]} has {count_of(len(view.changes), 'event')}"
                raise none_of(head.run_id, seen, has)
            yield view
        first += at_once


def attempts_before(db: sqlite3.Connection, run_id: str, frame: int) -> Attempts:
    """The attempts that a view of the frames from this one on needs."""
    attempts = Attempts()
    for serial, task, at, number, agent in db.execute(_ATTEMPTS, (run_id, frame)):
        attempts.add(serial, AttemptName(Key(task, path_of(at)), number, agent))
    for task, at in db.execute(_TRIED, {"run": run_id, "frame": frame}):
        attempts.tried.add(Key(task, path_of(at)))
    return attempts


def id_of(cursor: str | None) -> _Id:
    """The frame and the number of a cursor, (-1, -1) for None. Raises `Refused`."""
    if cursor is None:
        return -1, -1
    if (match := re.fullmatch(r"([0-9]{1,12})\.([0-9]{1,12})", cursor)) is None:
        raise Refused(
            f"{cursor[:40]!r} is not a cursor",
            hint="a cursor is FRAME.N, for example 3.1; `smithers events RUN --json` shows them",
        )
    return int(match[1]), int(match[2])


def none_of(run_id: str, seen: _Id, why: str) -> Refused:
    """The error for a cursor that is not one of the run."""
    return Refused(
        f"{seen[0]}.{seen[1]} is not a cursor of run {run_id}: {why}",
        hint="the cursor belongs to another run; leave out --after to start with the first event",
    )
