"""What a feed reads: which runs have changed, and the frames of one with the nodes they changed.

Each call is a few statements in one snapshot, whatever the number of those who listen.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from smithers.reports._database import has_runs, reading
from smithers.reports._events import attempts_before
from smithers.reports._heads import heads
from smithers.store.history import frames_of
from smithers.store.lease import Beat, is_alive
from smithers.views import changed_keys

if TYPE_CHECKING:
    from smithers.changes import Key
    from smithers.reports._heads import Head
    from smithers.views import FrameView

__all__ = ["Seen", "frames_between", "see"]

_OWNERS = (
    "SELECT owner, host, pid, started, beat_ns, beat_at FROM owners"
    " WHERE owner IN (SELECT DISTINCT owner FROM runs WHERE owner IS NOT NULL)"
)
_MARKS = (  # without an owner a run has no new frame, and each claim is another fence
    "SELECT r.run_id, r.owner, r.fence, r.called, r.wake_at,"
    " CASE WHEN r.owner IS NOT NULL"
    "  THEN (SELECT max(frame) FROM frames f WHERE f.run_id = r.run_id) END,"
    " (SELECT gave_up FROM revivals v WHERE v.run_id = r.run_id)"
    " FROM runs r"
)


class Seen(NamedTuple):
    """Runs at one moment."""

    heads: Mapping[str, Head]
    """Those that were asked for; one that is not there is left out."""
    marks: Mapping[str, object] | None
    """For each run a value that is another once its line in a list may be; None if not asked."""


def see(path: Path, run_ids: Collection[str], *, every: bool) -> Seen:
    """The heads of some runs, and with `every` the marks of all. Raises `StoreError`."""
    if not has_runs(path):
        return Seen({}, {} if every else None)
    with reading(path) as db:
        found = {head.run_id: head for head in heads(db, list(run_ids))} if run_ids else {}
        return Seen(found, _marks(db) if every else None)


def _marks(db: sqlite3.Connection) -> dict[str, object]:
    lives = {row[0]: is_alive(Beat.of(row)) for row in db.execute(_OWNERS)}
    rows = db.execute(_MARKS)
    return {run_id: (owner, lives.get(owner), *mark) for run_id, owner, *mark in rows}


def frames_between(
    path: Path, run_id: str, first: int, last: int
) -> list[tuple[FrameView, list[Key]]]:
    """The frames of a run from one to another, without outputs of more than 4096 bytes, each with
    the nodes of which it changed something (see `changed_keys`).
    """
    with reading(path) as db:
        attempts = attempts_before(db, run_id, first)
        return [
            (attempts.view(frame), changed_keys(frame, attempts.named))
            for frame in frames_of(db, run_id, first=first, last=last)
        ]
