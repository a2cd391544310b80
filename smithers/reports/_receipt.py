"""Reads what a receipt of a run tells: its rows, the author's files, the tools that were called."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from smithers.errors import SmithersError, StoreError
from smithers.reports._copied_streams import Try, stream_serials
from smithers.reports._database import reading
from smithers.reports._snapshot import snapshot_with_texts
from smithers.reports._verify import digest_at
from smithers.sources import ClaimRow, SourceFile
from smithers.store import NewRun
from smithers.store.claims import claims_of, files_of
from smithers.store.files import events_file, inside, open_plain, streams_folder
from smithers.store.history import frames_of
from smithers.store.run_rows import run_row
from smithers.texts import object_from
from smithers.views import ReceiptView, view_receipt

__all__ = ["receipt"]

_CALLED = b'"toolcalled"'


def receipt(path: Path, run_id: str) -> ReceiptView:
    """A run on one page, as of its last frame. Raises `UnknownRun`."""
    with reading(path) as db:
        found = snapshot_with_texts(db, path, run_id)
        last = found.state.frame
        made = [one for one in found.state.attempts.values() if one.is_call]
        streams = stream_serials(
            Try(
                serial=one.serial,
                path=one.key.path,
                number=one.number,
                agent=one.agent,
                start=one.started_at,
                session=one.session,
            )
            for one in made
        )
        tools = {
            one.serial: _tools(path, one.origin or run_id, streams[one.serial]) for one in made
        }
        return view_receipt(
            found,
            frames_of(db, run_id),
            _sources(db, found.run),
            tools,
            tuple(_origins(db, found.run)),
            digest_at(db, run_id, last),
        )


def _origins(db: sqlite3.Connection, run: NewRun) -> Iterator[tuple[str, int]]:
    """The run that a run is a fork of, the one that this is a fork of, and so on, each with its
    last frame.
    """
    seen = {run.run_id}
    while run.forked_from is not None and run.forked_from not in seen:
        yield run.forked_from, run.forked_at or 0
        seen.add(run.forked_from)
        try:
            run = run_row(db, run.forked_from)
        except SmithersError:  # it is gone, or cannot be read
            return


def _sources(
    db: sqlite3.Connection, run: NewRun
) -> Iterator[tuple[int, ClaimRow, tuple[SourceFile, ...]]]:
    """The claims of a run with the first frame of each, and its files. A run of an earlier version
    has none, but its digest.
    """
    sql = "SELECT fence, min(frame) FROM frames WHERE run_id = ? GROUP BY fence"
    first = dict(db.execute(sql, (run.run_id,)).fetchall())
    at = run.created_at
    older = ClaimRow(fence=0, source=run.source, at=at, about="{}")
    for claim in claims_of(db, run.run_id) or (older,):
        frame = min((frame for fence, frame in first.items() if fence >= claim.fence), default=0)
        yield frame, claim, files_of(db, claim.source)


def _tools(path: Path, run_id: str, serial: int) -> Mapping[str, int] | None:
    """How often the agent of an attempt called each tool; None if its stream is missing."""
    try:
        folder = streams_folder(path, run_id)
        with inside(folder) as opened:
            fd = open_plain(events_file(folder, serial), os.O_RDONLY, opened)
            with open(fd, "rb") as stream:
                counts = Counter(map(_tool, (line for line in stream if _CALLED in line)))
    except (OSError, StoreError):
        return None
    return {name: number for name, number in counts.most_common() if name}


def _tool(line: bytes) -> str:
    """The tool of an event of a call; empty for another event, and for one that is cut."""
    event = object_from(line.decode("utf-8", "replace")) or {}
    return str(event.get("name")) if event.get("event") == "toolcalled" else ""
