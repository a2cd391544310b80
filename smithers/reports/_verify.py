"""Recomputes what the rows of a run say of themselves, and says what does not match."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from smithers import changes
from smithers.changes import Change, Frame, Key
from smithers.errors import Refused, StoreError
from smithers.reports._copied_streams import Try, stream_serials
from smithers.reports._database import reading
from smithers.reports._row_checks import CHECKS, Checks, Row, check_files
from smithers.store import RunRow
from smithers.store.claims import claims_of, files_of
from smithers.store.files import events_file, inside, open_plain, streams_folder
from smithers.store.forking import forked_frames
from smithers.store.history import frames_of, last_frame
from smithers.store.run_rows import run_row
from smithers.views import Finding, Verified, digest_run

__all__ = ["digest_at", "verify"]

_UNREADABLE = (StoreError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError)
"""What reading rows raises that none of our versions writes."""


def verify(path: Path, run_id: str, *, digest: str | None = None) -> Verified:
    """What does not match in the rows of a run; `digest` is that of a receipt, `FRAME:SHA256`.

    Raises `UnknownRun`, or `Refused` for what is not such a digest.
    """
    with reading(path) as db:
        run, checks, last = _run(db, run_id), Checks(), _last(db, run_id)
        if digest is not None:
            _receipt(checks, db, run_id, digest, last)

        def rows(table: str) -> Iterator[Row]:
            return _rows(db, table, run_id)

        for check in CHECKS:
            try:
                check(checks, rows)
            except _UNREADABLE as error:
                _unreadable(checks, error)
        for source in _sources(db, run_id):
            check_files(checks, source, files_of(db, source))
        if run is not None and run.forked_from is not None and run.forked_at is not None:
            _inherited(checks, db, run_id, run.forked_from, run.forked_at)
        _streams(checks, path, run_id, rows)
        return Verified(
            run_id=run_id,
            frame=last,
            digest=digest_at(db, run_id, last, checks),
            checked=dict(checks.checked),
            findings=tuple(checks.findings),
            notes=tuple(checks.notes),
        )


def _run(db: sqlite3.Connection, run_id: str) -> RunRow | None:
    """The row of a run, None if it cannot be read: `digest_at` says so."""
    try:
        return run_row(db, run_id)
    except StoreError:
        return None


def _last(db: sqlite3.Connection, run_id: str) -> int:
    """The last frame of a run, -1 if its frames cannot be read: the checks say so."""
    try:
        return last_frame(db, run_id)
    except ValueError:
        return -1


def _receipt(checks: Checks, db: sqlite3.Connection, run_id: str, digest: str, last: int) -> None:
    """The run up to the frame of a receipt has its digest."""
    frame, told = _parse_digest(digest)
    checks.checked["digest of a receipt"] += 1
    if frame > last:
        said = f"the receipt is of frame {frame}, and the run ends at frame {last}"
        checks.findings.append(Finding(table="frames", frame=frame, said=said))
    elif (now := digest_at(db, run_id, frame)) != told:
        said = f"the run up to frame {frame} has another digest than the receipt"
        checks.findings.append(
            Finding(table="runs", frame=frame, said=f"{said}: {now}" if now else said)
        )


def _sources(db: sqlite3.Connection, run_id: str) -> Sequence[str]:
    """The sources with which a run was driven, each once."""
    sql = "SELECT source FROM claims WHERE run_id = ? ORDER BY fence"
    found = [source for (source,) in db.execute(sql, (run_id,))]
    if not found:  # a run of an earlier version
        sql = "SELECT source FROM runs WHERE run_id = ?"
        found = [source for (source,) in db.execute(sql, (run_id,))]
    return list(dict.fromkeys(found))


def digest_at(db: sqlite3.Connection, run_id: str, frame: int, checks: Checks | None = None) -> str:
    """The digest of a run up to a frame. What cannot be read is a finding of `checks`, and the
    digest is then empty.
    """
    try:
        frames = frames_of(db, run_id, last=frame)
        fence = _fence(db, run_id, frame)
        claims = [one for one in claims_of(db, run_id) if one.fence <= fence]
        return digest_run(run_row(db, run_id), frames, claims)
    except _UNREADABLE as error:
        if checks is not None:
            _unreadable(checks, error)
        return ""


def _unreadable(checks: Checks, error: Exception) -> None:
    said = f"its rows cannot be read: {error}"
    checks.findings.append(Finding(table="runs", said=said))


def _fence(db: sqlite3.Connection, run_id: str, frame: int) -> int:
    sql = "SELECT fence FROM frames WHERE run_id = ? AND frame = ?"
    row = db.execute(sql, (run_id, frame)).fetchone()
    return -1 if row is None else int(row[0])


def _parse_digest(given: str) -> tuple[int, str]:
    frame, colon, digest = given.partition(":")
    if not (colon and frame.isascii() and frame.isdecimal() and len(digest) == 64):
        raise Refused(
            f"{given!r} is not the digest of a run",
            hint="copy it from a receipt: the number of a frame, a colon and 64 digits",
        )
    return int(frame), digest.lower()


def _rows(db: sqlite3.Connection, table: str, run_id: str) -> Iterator[Row]:
    cursor = db.execute(f"SELECT * FROM {table} WHERE run_id = ?", (run_id,))  # a name of ours
    names = [column[0] for column in cursor.description]
    for row in cursor:
        yield dict(zip(names, row, strict=True))


def _inherited(
    checks: Checks, db: sqlite3.Connection, run_id: str, source: str, frame: int
) -> None:
    """A fork has up to its frame what its source has."""
    if last_frame(db, source) < frame:
        said = f"{source}, from which it was forked, is not there up to frame {frame}"
        checks.notes.append(Finding(table="runs", said=said))
        return
    try:
        theirs = forked_frames(frames_of(db, source, last=frame), frame, source)
        ours = frames_of(db, run_id, last=frame)
    except _UNREADABLE:  # `digest_at` says so
        return
    for old, new in zip(theirs, ours, strict=False):
        checks.checked["inherited frames"] += 1
        if (old.at, old.inbox) != (new.at, new.inbox):
            said = f"it differs from frame {old.number} of {source}"
            checks.findings.append(Finding(table="frames", frame=new.number, said=said))
        for said, change in _differences(old, new, source):
            checks.findings.append(
                Finding(
                    table=_TABLES[type(change)], key=_key_of(change), frame=new.number, said=said
                )
            )


def _differences(old: Frame, new: Frame, source: str) -> Iterator[tuple[str, Change]]:
    before, after = Counter(map(_hashable, old.changes)), Counter(map(_hashable, new.changes))
    by_text: dict[str, Change] = {_hashable(one): one for one in (*old.changes, *new.changes)}
    for text in before - after:
        yield f"{source} has it otherwise, or it is missing here", by_text[text]
    for text in after - before:
        yield f"{source} does not have it", by_text[text]


def _hashable(change: Change) -> str:
    return repr(change)


_TABLES: dict[type[Change], str] = {
    changes.NodeMounted: "tree",
    changes.NodeGone: "tree",
    changes.CameUp: "tasks",
    changes.Settled: "tasks",
    changes.FailureHandled: "handled",
    changes.AttemptStarted: "attempts",
    changes.AttemptEnded: "attempts",
    changes.SessionSeen: "sessions",
    changes.UsageCounted: "usage",
    changes.ChoiceMade: "choices",
    changes.ChoiceGone: "choices",
    changes.ContainerEnded: "ends",
    changes.ContainerReopened: "ends",
    changes.ReadMade: "reads",
    changes.WaitOpened: "waits",
    changes.WaitClosed: "waits",
    changes.BudgetSet: "budgets",
    changes.BudgetRaised: "budgets",
    changes.MessageTaken: "messages",
    changes.MessageGiven: "messages",
    changes.SignalGiven: "signals",
    changes.SignalTaken: "signals",
    changes.Reset: "resets",
    changes.StatusChanged: "statuses",
}


def _key_of(change: Change) -> Key | None:
    key: Any = getattr(change, "key", None)
    if isinstance(key, Key):
        return key
    id: Any = getattr(change, "id", None)
    return Key(id) if isinstance(id, str) else None


def _streams(checks: Checks, path: Path, run_id: str, rows: Callable[[str], Iterator[Row]]) -> None:
    """What agents said is in files beside the database, which may be gone."""
    attempts = [row for row in rows("attempts") if row["prompt"] is not None]
    sessions = {row["serial"]: row["session"] for row in rows("sessions")}
    streams = stream_serials(
        Try(
            serial=row["serial"],
            path=row["path"],
            number=row["attempt"],
            agent=row["agent"],
            start=row["started_at"],
            session=sessions.get(row["serial"], row["session"]),
        )
        for row in attempts
    )
    for row in attempts:
        checks.checked["streams"] += 1
        if not _has_stream(path, row["origin"] or run_id, streams[row["serial"]]):
            said = f"the stream of attempt {row['attempt']} is missing"
            checks.note("attempts", row, said)


def _has_stream(path: Path, run_id: str, serial: int) -> bool:
    with suppress(OSError, StoreError):
        folder = streams_folder(path, run_id)
        with inside(folder) as opened:
            os.close(open_plain(events_file(folder, serial), os.O_RDONLY, opened))
            return True
    return False
