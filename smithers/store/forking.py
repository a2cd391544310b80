"""A fork: the rows of a run up to a frame, copied as another run, in SQLite.

What had not ended at that frame is open in the copy. Attempts that were running then are left out,
and so is what they told; what an attempt that is copied used was used in the run that it comes
from. Notes, processes and raised budgets are not copied: they belong to the run itself.
`forked_frames` says the same of frames.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace

from smithers.changes import (
    AttemptEnded,
    AttemptStarted,
    BudgetRaised,
    Change,
    Frame,
    MessageGiven,
    SessionSeen,
    UsageCounted,
)
from smithers.errors import Refused
from smithers.store import Claim, Model, NewRun
from smithers.store.beginning import check_new, put_frame, put_run
from smithers.store.history import last_frame
from smithers.store.rows import rows_of

__all__ = ["check_frame", "copy_run", "fork_ids", "forked_frames", "forked_from"]

_MAX_ID = 64
_LIVES = (
    " WHERE run_id = :source AND born <= :frame AND serial IN"
    " (SELECT serial FROM attempts WHERE run_id = :source AND ended <= :frame)"
)
_BORN = " WHERE run_id = :source AND born <= :frame"


def _until(column: str, *columns: str) -> str:
    """Columns that are filled at an end, which counts up to the frame alone."""
    return ", ".join(f"CASE WHEN {column} <= :frame THEN {one} END" for one in (column, *columns))


_GIVEN = (
    "ended <= :frame AND serial IN"
    " (SELECT serial FROM attempts WHERE run_id = :source AND ended <= :frame)"
)
_COPIES = (
    "INSERT INTO frames (run_id, frame, at, fence, inbox) SELECT :run, frame, at, fence, inbox"
    " FROM frames WHERE run_id = :source AND frame <= :frame",
    "INSERT INTO statuses (run_id, born, status, error, output, stopped_by, next_run)"
    " SELECT :run, born, status, error, output, stopped_by, next_run FROM statuses" + _BORN,
    "INSERT INTO tree (run_id, id, born, kind, parent, place, gone)"
    f" SELECT :run, id, born, kind, parent, place, {_until('gone')} FROM tree" + _BORN,
    "INSERT INTO tasks (run_id, task, path, born, up, ended, state, error, set_by)"
    f" SELECT :run, task, path, born, up, {_until('ended', 'state', 'error', 'set_by')} FROM tasks"
    + _BORN,
    "INSERT INTO handled (run_id, node, path, born) SELECT :run, node, path, born FROM handled"
    + _BORN,
    "INSERT INTO ends (run_id, node, path, born, state, gone)"
    f" SELECT :run, node, path, born, state, {_until('gone')} FROM ends" + _BORN,
    "INSERT INTO attempts (run_id, serial, task, path, attempt, born, agent, prompt, session,"
    " started_at, ended, state, error, ended_at, skipped, origin, fingerprint, turn)"
    " SELECT :run, serial, task, path, attempt, born, agent, prompt, session, started_at, ended,"
    " state, error, ended_at, skipped, coalesce(nullif(origin, ''), run_id), fingerprint, turn"
    " FROM attempts WHERE run_id = :source AND ended <= :frame",
    "INSERT INTO sessions (run_id, serial, born, n, session)"
    " SELECT :run, serial, born, n, session FROM sessions" + _LIVES,
    "INSERT INTO usage (run_id, serial, born, n, tokens_in, tokens_out, tokens_cached, cost_usd,"
    " model, calls) SELECT :run, serial, born, n, tokens_in, tokens_out, tokens_cached, cost_usd,"
    " model, calls FROM usage" + _LIVES,
    "INSERT INTO outputs (run_id, task, path, born, model, json, type)"
    " SELECT :run, task, path, born, model, json, type FROM outputs" + _BORN,
    "INSERT INTO large_outputs (run_id, task, path, born, bytes, digest)"
    " SELECT :run, task, path, born, bytes, digest FROM large_outputs" + _BORN,
    "INSERT INTO models (run_id, name, schema)"
    " SELECT :run, name, schema FROM models WHERE run_id = :source",
    "INSERT INTO choices (run_id, node, path, kind, born, value, children, gone)"
    f" SELECT :run, node, path, kind, born, value, children, {_until('gone')} FROM choices" + _BORN,
    "INSERT INTO reads (run_id, reader, reader_path, born, source, source_path, at)"
    " SELECT :run, reader, reader_path, born, source, source_path, at FROM reads" + _BORN,
    "INSERT INTO waits (run_id, node, path, kind, born, due, asked, digest, waits_on, allowed_by,"
    " form, ended, answer) SELECT :run, node, path, kind, born, due, asked, digest, waits_on,"
    f" allowed_by, form, {_until('ended', 'answer')} FROM waits" + _BORN,
    "INSERT INTO resets (run_id, node, path, born, cause)"
    " SELECT :run, node, path, born, cause FROM resets" + _BORN,
    "INSERT INTO budgets (run_id, node, path, born, n, kind, amounts)"
    " SELECT :run, node, path, born, n, kind, amounts FROM budgets" + _BORN + " AND kind = 'set'",
    "INSERT INTO messages (run_id, id, task, path, born, text, said_by, said_at, ended, serial)"
    " SELECT :run, id, task, path, born, text, said_by, said_at,"
    f" CASE WHEN {_GIVEN} THEN ended END, CASE WHEN {_GIVEN} THEN serial END FROM messages" + _BORN,
    "INSERT INTO signals (run_id, number, born, id, event, correlation, data, sent_by, sent_at,"
    " ended, node, path, misfit) SELECT :run, number, born, id, event, correlation, data, sent_by,"
    f" sent_at, {_until('ended', 'node', 'path', 'misfit')} FROM signals" + _BORN,
    "INSERT INTO claims (run_id, fence, source, at, about) SELECT :run, fence, source, at, about"
    " FROM claims WHERE run_id = :source AND fence <="
    " (SELECT fence FROM frames WHERE run_id = :source AND frame = :frame)",
)


def fork_ids(run_id: str) -> Iterator[str]:
    """The ids of the forks of a run, the first one first.

    >>> ids = fork_ids("r1"); next(ids), next(ids)
    ('r1-fork', 'r1-fork-2')
    """
    number = 1
    while True:
        end = "-fork" if number == 1 else f"-fork-{number}"
        yield run_id[: _MAX_ID - len(end)] + end
        number += 1


def forked_from(run: NewRun) -> str:
    """The run that a fork is a copy of."""
    assert run.forked_from is not None
    return run.forked_from


def check_frame(run_id: str, frame: int, last: int) -> None:
    """Raises `Refused` if a run whose last frame is `last` has no such frame."""
    if not 0 <= frame <= last:
        raise Refused(
            f"run {run_id} has no frame {frame}",
            hint=f"its frames are 0 to {last}; `smithers timeline {run_id}` shows them",
        )


def copy_run(
    db: sqlite3.Connection,
    run: NewRun,
    fence: int,
    frame: Frame | None,
    models: Sequence[Model],
    *,
    finds_id: bool,
) -> str:
    """Make the fork `run`, whose source has this fence, and `frame` its first own one; its id.

    With `finds_id`, its id is the first free one of `fork_ids`. Raises `RunExists`, or `Refused`.
    """
    source, at = forked_from(run), run.forked_at
    assert at is not None
    check_frame(source, at, last_frame(db, source))
    if finds_id:
        run = replace(run, run_id=next(one for one in fork_ids(source) if _is_free(db, one)))
    check_new(db, run.run_id)
    claim = Claim(run_id=run.run_id, owner="", fence=fence)
    put_run(db, run, claim)
    for sql in _COPIES:
        db.execute(sql, {"run": run.run_id, "source": source, "frame": at})
    if frame is not None:
        put_frame(db, claim, frame, rows_of(run.run_id, frame), models)
    return run.run_id


def _is_free(db: sqlite3.Connection, run_id: str) -> bool:
    return db.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone() is None


def forked_frames(frames: Sequence[Frame], last: int, run_id: str) -> list[Frame]:
    """The frames of a fork of run `run_id`, up to the frame `last`."""
    kept = [frame for frame in frames if frame.number <= last]
    ended = {one.serial for frame in kept for one in frame.changes if isinstance(one, AttemptEnded)}
    return [replace(frame, changes=tuple(_forked(frame.changes, ended, run_id))) for frame in kept]


def _forked(changes: Sequence[Change], ended: set[int], run_id: str) -> Iterator[Change]:
    for one in changes:
        match one:
            case AttemptStarted(serial=serial):
                if serial in ended:
                    yield replace(one, origin=one.origin or run_id)
            case SessionSeen(serial=serial) | UsageCounted(serial=serial):
                if serial in ended:
                    yield one
            case MessageGiven(serial=serial):
                if serial in ended:
                    yield one
            case BudgetRaised():
                pass
            case _:
                yield one
