"""Agents that cool down, for all runs of a store: rows outside the fence, one a key."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import timedelta

from smithers.store import Cooldown
from smithers.store.rows import time_of, time_text

__all__ = ["cooldowns_of", "end_cooldown", "put_cooldowns", "supersedes"]

_PUT = (
    "INSERT INTO cooldowns (key, agent, until, told, refused, reason, run_id, at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET agent = excluded.agent,"
    " until = excluded.until, told = excluded.told, refused = excluded.refused,"
    " reason = excluded.reason, run_id = excluded.run_id, at = excluded.at"
    " WHERE excluded.until > cooldowns.until OR cooldowns.at > ?"
)
_SET_BACK = timedelta(minutes=1)
"""A refusal that is further ahead than this was written before the wall clock was set back. It is
more than the processes of one machine take from a refusal to its commit.
"""
_ALL = "SELECT key, agent, until, told, refused, reason, run_id, at FROM cooldowns ORDER BY key"


def put_cooldowns(db: sqlite3.Connection, cooldowns: Sequence[Cooldown]) -> None:
    """Keep each, unless its key cools down for as long or longer already (see `supersedes`)."""
    for one in cooldowns:
        until, at = time_text(one.until), time_text(one.at)
        row = (one.key, one.agent, until, one.told, one.refused, one.reason, one.run_id, at)
        db.execute(_PUT, (*row, time_text(one.at + _SET_BACK)))


def supersedes(new: Cooldown, known: Cooldown | None) -> bool:
    """Whether a cooldown takes the place of the known one of its key, as `put_cooldowns` has it."""
    return known is None or new.until > known.until or known.at > new.at + _SET_BACK


def cooldowns_of(db: sqlite3.Connection) -> list[Cooldown]:
    """The last of each key."""
    return [
        Cooldown(
            key=key,
            agent=agent,
            until=time_of(until),
            told=bool(told),
            refused=refused,
            reason=reason,
            run_id=run_id,
            at=time_of(at),
        )
        for key, agent, until, told, refused, reason, run_id, at in db.execute(_ALL)
    ]


def end_cooldown(db: sqlite3.Connection, key: str) -> bool:
    """Forget a key; whether it was known."""
    return db.execute("DELETE FROM cooldowns WHERE key = ?", (key,)).rowcount > 0
