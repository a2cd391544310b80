"""Giving a run back, in SQLite."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from smithers.errors import StoreError
from smithers.store import Claim
from smithers.store.opening import connect

__all__ = ["RELEASE", "release_at_once"]

RELEASE = "UPDATE runs SET owner = NULL, wake_at = ? WHERE run_id = ? AND owner = ? AND fence = ?"
_WITHIN_S = 0.5


def release_at_once(path: Path, claim: Claim) -> None:
    """Give a run back on a connection of its own, in a process that is about to end. Where the
    database is busy or broken the run stays with its dead owner, as after a crash.
    """
    with (
        suppress(sqlite3.Error, StoreError),
        closing(connect(path, busy_timeout_s=_WITHIN_S)) as db,
    ):
        db.execute(RELEASE, (None, claim.run_id, claim.owner, claim.fence))
