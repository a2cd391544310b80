"""Reads a run as of one frame, with what lies around it, for the views."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from smithers import views
from smithers.reports._database import reading
from smithers.reports._heads import head_of, heads, owner_of
from smithers.reports._waking import attention_of, given_up
from smithers.state import RunState
from smithers.store.below import below, is_budgeted
from smithers.store.claims import source_at
from smithers.store.cooldowns import cooldowns_of
from smithers.store.files import last_written, owner_log, streams_folder
from smithers.store.forking import check_frame
from smithers.store.history import LAST, frames_of, last_frame, parts_of
from smithers.store.inbox import inbox_rows, unread_signals
from smithers.store.lease import is_gone
from smithers.store.looking import peek
from smithers.store.outputs import no_output, output_of, prompt_of
from smithers.store.run_rows import run_row
from smithers.store.standing import holding_of, task_of
from smithers.store.waking import last_run
from smithers.views import Snapshot, StartedRun, inspect
from smithers.waits import CHILD

if TYPE_CHECKING:
    from smithers.changes import Key
    from smithers.sources import SourceView
    from smithers.state import Ended
    from smithers.store.history import Part
    from smithers.views import DiffView, Inspection, WhyView

__all__ = [
    "WAITS",
    "Shared",
    "compare",
    "explain_run",
    "inspecting",
    "snapshot",
    "snapshot_of",
    "snapshot_with_task",
    "snapshot_with_texts",
    "source",
]


class _Texts:
    """Reads the outputs of a run, each when it is asked for; `read` calls with a connection."""

    def __init__(
        self, run_id: str, read: Callable[[Callable[[sqlite3.Connection], str | None]], str | None]
    ) -> None:
        self._run_id = run_id
        self._read = read

    def output(self, key: Key, ended: Ended, /) -> str:
        """The output of a node that gave one, as JSON text. Raises `StoreError`."""
        if isinstance(ended.output, str):
            return ended.output
        text = self._read(lambda db: output_of(db, self._run_id, key, ended.frame))
        if text is None:
            raise no_output(self._run_id, key, ended.frame)
        return text

    def prompt(self, serial: int, /) -> str | None:
        """What the agent of an attempt was asked."""
        return self._read(lambda db: prompt_of(db, self._run_id, serial))


def snapshot(path: Path, run_id: str, *, frame: int | None = None) -> Snapshot:
    """A run as of a frame, the last by default. Raises `UnknownRun`, or `Refused` if it has no such
    frame.
    """
    with reading(path) as db:
        return _at(db, path, run_id, frame)


@contextmanager
def inspecting(path: Path, run_id: str, *, frame: int | None = None) -> Generator[Inspection]:
    """The same with all its tasks. Inside it, the database stays open for their outputs."""
    with reading(path) as db:
        found = _at(db, path, run_id, frame)
        yield inspect(replace(found, texts=_Texts(run_id, lambda read: read(db))))


def compare(
    path: Path,
    old: tuple[str, int | None],
    new: tuple[str, int | None],
    *,
    everything: bool = False,
) -> DiffView:
    """What differs between two runs, each as of a frame. Raises as `snapshot` does."""
    with reading(path) as db:
        both = [_at(db, path, *one) for one in (old, new)]
        full = [
            replace(
                one,
                texts=_Texts(one.run_id, lambda read: read(db)),
                source=source_at(db, one.run_id, one.state.frame),
            )
            for one in both
        ]
        return views.compare(*full, everything=everything)


def snapshot_with_texts(db: sqlite3.Connection, path: Path, run_id: str) -> Snapshot:
    """A run as it is, of a database that is being read and whose texts are read while it is open.
    Raises `UnknownRun`.
    """
    return replace(_at(db, path, run_id, None), texts=_Texts(run_id, lambda read: read(db)))


def snapshot_with_task(path: Path, run_id: str, task: str) -> Snapshot:
    """A run with what it has of one task alone. Raises `UnknownRun`."""
    with reading(path) as db:
        return _around(db, path, run_id, RunState.of(task_of(db, run_id, task)), Shared(db))


def explain_run(path: Path, run_id: str) -> WhyView:
    """Why a run is in its state. Raises `UnknownRun`."""
    with reading(path) as db:
        return views.explain(_held(db, path, run_id, Shared(db)))


def _held(db: sqlite3.Connection, path: Path, run_id: str, shared: Shared) -> Snapshot:
    """A run with what `explain` asks of it: of one that goes on that is what it has of open nodes,
    unless it may wait for a budget, which all its tasks have used.
    """
    if head_of(db, run_id).ended or is_budgeted(db, run_id):
        return snapshot_of(db, path, run_id, shared=shared)
    state = RunState.of(holding_of(db, run_id))
    found = _around(db, path, run_id, state, shared)
    children = {child: _held(db, path, last, shared) for child, last in _awaited(db, run_id, state)}
    return replace(found, sent=unread_signals(db, run_id), children=children)


def source(path: Path, run_id: str, frame: int | None = None) -> SourceView:
    """The author's files as of a frame of a run. Raises as `snapshot` does."""
    with reading(path) as db:
        run_row(db, run_id)
        return source_at(db, run_id, _checked(db, run_id, frame))


def _at(db: sqlite3.Connection, path: Path, run_id: str, frame: int | None) -> Snapshot:
    """The run as of a frame. What is no part of its state belongs to its last frame; before that,
    its owner lived, and it was the time of the frame.
    """
    found = snapshot_of(db, path, run_id, frame=LAST if frame is None else frame)
    if frame is None:
        return found
    if _checked(db, run_id, frame) == last_frame(db, run_id):
        return found
    at = found.state.time_of(frame)
    return Snapshot(run=found.run, state=found.state, now=at, alive=True, texts=found.texts)


def _checked(db: sqlite3.Connection, run_id: str, frame: int | None) -> int:
    """A frame that a run has, the last one for None. Raises `Refused`."""
    last = last_frame(db, run_id)
    if frame is not None:
        check_frame(run_id, frame, last)
    return last if frame is None else frame


_MOST_CHILDREN = 5
"""So many of the child runs that a run waits for are read with it."""

WAITS: tuple[Part, ...] = ("waits", "resets", "statuses")
"""What a run waits for, and its status."""


class Shared:
    """What the runs of a database have in common: cooldowns, and which runs were given up."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.cooldowns, self.gave_up = cooldowns_of(db), given_up(db)


def snapshot_of(
    db: sqlite3.Connection,
    path: Path,
    run_id: str,
    *,
    frame: int = LAST,
    parts: Collection[Part] | None = None,
    shared: Shared | None = None,
) -> Snapshot:
    """The same of a database that is being read; with `parts` only what those contain. `shared` is
    read once for many runs.
    """
    shared = shared or Shared(db)
    if parts is not None:
        state = RunState.of(parts_of(db, run_id, parts, last=frame))
        return _around(db, path, run_id, state, shared)
    state = RunState.of(frames_of(db, run_id, last=frame))
    return replace(
        _around(db, path, run_id, state, shared),
        sent=unread_signals(db, run_id),
        children={
            child: snapshot_of(db, path, last, shared=shared)
            for child, last in _awaited(db, run_id, state)
        },
        started=_started_runs(db, run_id),
        below=below(db, run_id, every=False),
    )


def _around(
    db: sqlite3.Connection, path: Path, run_id: str, state: RunState, shared: Shared
) -> Snapshot:
    """A run of this state, with what is not part of that."""
    beat, alive = owner_of(db, run_id)
    folder = streams_folder(path, run_id)
    log = owner_log(folder)
    return Snapshot(
        run=run_row(db, run_id),
        state=state,
        now=datetime.now(UTC),
        beat=beat,
        alive=alive,
        notes=inbox_rows(db, run_id, state.inbox),
        last_run=last_run(db, run_id) if state.run_status == "continued" else None,
        is_called=attention_of(db, run_id),
        gave_up=shared.gave_up.get(run_id),
        owner_log=str(log) if log.exists() else None,
        cooldowns=shared.cooldowns,
        heard=partial(last_written, folder),
        is_gone=is_gone,
        texts=_Texts(run_id, partial(peek, path)),
    )


_STARTED = "SELECT run_id FROM runs WHERE parent = ? AND NOT parent_waits"


def _started_runs(db: sqlite3.Connection, run_id: str) -> list[StartedRun]:
    """The runs that agents and programs of a run have started, oldest first."""
    found = [one for (one,) in db.execute(_STARTED, (run_id,))]
    return [
        StartedRun(
            run_id=head.run_id, key=head.parent.key, workflow=head.workflow, status=head.status
        )
        for head in (heads(db, found) if found else ())
        if head.parent is not None
    ]


def _child_runs(state: RunState) -> list[str]:
    """The child runs that a run waits for, and those by which it has failed."""
    awaited = [wait.opened.on[0] for (_, kind), wait in state.waits.items() if kind == CHILD]
    if state.run_status != "failed":
        return awaited
    return [one.run_id for one in state.children.values() if one.status == "failed"]


def _awaited(db: sqlite3.Connection, run_id: str, state: RunState) -> Iterator[tuple[str, str]]:
    """The first of these, each with the run as which it has continued."""
    for child in _child_runs(state)[:_MOST_CHILDREN]:
        last = _last_of(db, run_id, child)
        if db.execute("SELECT 1 FROM runs WHERE run_id = ?", (last,)).fetchone():
            yield child, last


_LAST = "SELECT run_id FROM runs WHERE parent = ? AND first_run = ? ORDER BY number DESC LIMIT 1"


def _last_of(db: sqlite3.Connection, run_id: str, child: str) -> str:
    """The run as which a child run of a run has continued; itself if it has not."""
    row = db.execute(_LAST, (run_id, child)).fetchone()
    return child if row is None else row[0]
