"""Reads the forks of a run."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from smithers.reports._database import reading
from smithers.reports._heads import heads
from smithers.store.run_rows import run_row
from smithers.views import ForkView, Lineage

if TYPE_CHECKING:
    from smithers.views import Status

__all__ = ["lineage"]

_FORKS = (
    "WITH RECURSIVE below(run_id, source, frame, at) AS ("
    " SELECT run_id, forked_from, forked_at, created_at FROM runs WHERE forked_from = :run"
    " UNION SELECT r.run_id, r.forked_from, r.forked_at, r.created_at"
    " FROM runs r JOIN below b ON r.forked_from = b.run_id)"
    " SELECT run_id, source, frame FROM below ORDER BY at, run_id"
)


def lineage(path: Path, run_id: str) -> Lineage:
    """What a run is a fork of, and its forks. Raises `UnknownRun`."""
    with reading(path) as db:
        run = run_row(db, run_id)
        rows = db.execute(_FORKS, {"run": run_id}).fetchall()
        return Lineage(
            forked_from=run.source_frame, forks=_below(run_id, rows, _statuses(db, rows))
        )


def _statuses(db: sqlite3.Connection, rows: list[tuple[str, str, int]]) -> dict[str, Status]:
    ids = [run_id for run_id, _, _ in rows]
    return {head.run_id: head.status for head in (heads(db, ids) if ids else ())}


def _below(
    run_id: str, rows: list[tuple[str, str, int]], statuses: dict[str, Status]
) -> tuple[ForkView, ...]:
    return tuple(
        ForkView(
            run_id=fork, frame=frame, status=statuses[fork], forks=_below(fork, rows, statuses)
        )
        for fork, source, frame in rows
        if source == run_id
    )
