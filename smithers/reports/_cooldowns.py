"""Agents that cool down, for all runs of a database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from smithers.reports._database import Json, has_runs, reading
from smithers.store.cooldowns import cooldowns_of
from smithers.store.rows import time_text

__all__ = ["cooldowns", "cooling"]


def cooldowns(path: Path) -> list[Json]:
    """The limits that agents of this database are over as of now, by their keys."""
    if not has_runs(path) and not path.is_dir():
        return []
    with reading(path) as db:
        return list(_current(db).values())


def cooling(db: sqlite3.Connection, limits: Iterable[str]) -> list[Json]:
    """Those of the given limits that still hold, in their order."""
    wanted = list(limits)
    current = _current(db) if wanted else {}
    return [current[limit] for limit in wanted if limit in current]


def _current(db: sqlite3.Connection) -> dict[str, Json]:
    now = datetime.now(UTC)
    return {
        one.key: {
            "key": one.key,
            "agent": one.agent,
            "until": time_text(one.until),
            "told": one.told,
            "reason": one.reason,
            "run_id": one.run_id,
            "at": time_text(one.at),
        }
        for one in cooldowns_of(db)
        if one.until > now
    }
