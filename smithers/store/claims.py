"""What each owner of a run has loaded: a row for a claim, and the author's files, in SQLite."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from smithers.errors import StoreError
from smithers.sources import ClaimRow, Code, SourceFile, SourceView
from smithers.store import Claim
from smithers.store.rows import time_of, time_text

__all__ = ["claims_of", "files_of", "put_claim", "source_at"]

_CLAIM = "INSERT INTO claims (run_id, fence, source, at, about) VALUES (?, ?, ?, ?, ?)"
_CLAIMS = "SELECT fence, source, at, about FROM claims WHERE run_id = ? ORDER BY fence"
_FILES = "SELECT path, digest, text FROM sources WHERE source = ? ORDER BY path"


def put_claim(
    db: sqlite3.Connection, claim: Claim, source: str, at: datetime, code: Code | None
) -> None:
    """The row of a claim, and the files of its code if they are not known. Without `code` the owner
    has loaded none: it only writes a frame.
    """
    about = "{}" if code is None else code.about
    source = source if code is None else code.sources.digest
    db.execute(_CLAIM, (claim.run_id, claim.fence, source, time_text(at), about))
    known = "SELECT 1 FROM sources WHERE source = ?"
    if code is None or db.execute(known, (source,)).fetchone() is not None:
        return
    db.executemany(
        "INSERT INTO sources (source, path, digest, text) VALUES (?, ?, ?, ?)",
        [(source, file.path, file.digest, file.text) for file in code.sources.files],
    )


def claims_of(db: sqlite3.Connection, run_id: str) -> tuple[ClaimRow, ...]:
    """The claims of a run in order, those that a fork has from its source included."""
    try:
        return tuple(
            ClaimRow(fence=fence, source=source, at=time_of(at), about=about)
            for fence, source, at, about in db.execute(_CLAIMS, (run_id,))
        )
    except (TypeError, ValueError) as error:
        raise StoreError(f"the claims of run {run_id} cannot be read: {error}") from error


def files_of(db: sqlite3.Connection, source: str) -> tuple[SourceFile, ...]:
    """The files of a digest, none where they are not known."""
    return tuple(
        SourceFile(path=path, digest=digest, text=text)
        for path, digest, text in db.execute(_FILES, (source,))
    )


_AT = (
    "SELECT source, about FROM claims WHERE run_id = :run AND fence <="
    " (SELECT fence FROM frames WHERE run_id = :run AND frame <= :frame"
    " ORDER BY frame DESC LIMIT 1) ORDER BY fence DESC LIMIT 1"
)
_LAST = "SELECT source, '{}' FROM runs WHERE run_id = :run"


def source_at(db: sqlite3.Connection, run_id: str, frame: int) -> SourceView:
    """The author's files as the owner had loaded them that wrote a frame of a run, which exists.

    Of a frame of an earlier version, which kept none, it is the last digest that the run knows.
    """
    asked = {"run": run_id, "frame": frame}
    row = db.execute(_AT, asked).fetchone() or db.execute(_LAST, asked).fetchone()
    source, about = row
    return SourceView(
        run_id=run_id, frame=frame, source=source, about=about, files=files_of(db, source)
    )
