"""What a test may change in a process of its own before the product runs in it.

Settings that no user has are set here, from the side of the tests: a small WAL, so that checkpoints
come often, a short lease, and clocks that stand or are ahead. The deliberate defects stand in
`breakages`.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from smithers.engine.engine import Settings
from smithers.store import lease
from smithers.store.sqlite import SqliteStore

__all__ = ["alter"]


def alter(name: str) -> None:
    """Change this process: `wal_bytes=16384`, or a breakage by its name."""
    setting, _, value = name.partition("=")
    if value:
        _SETTINGS[setting](value)
        return
    from tests.trust.breakages import BREAKAGES

    BREAKAGES[name].apply()


def _wal_bytes(value: str) -> None:
    _default("wal_bytes", int(value))


def _beat_s(value: str) -> None:
    _default("beat_s", float(value))


def _default(name: str, value: object) -> None:
    opening: Any = SqliteStore.open
    assert name in opening.__func__.__kwdefaults__
    opening.__func__.__kwdefaults__[name] = value


def _lease_s(value: str) -> None:
    lease.LEASE_S = float(value)


def _monotonic_ahead_s(value: str) -> None:
    ahead = int(float(value) * 1e9)
    _default("monotonic_ns", lambda: time.monotonic_ns() + ahead)


def _monotonic_stands_at_ns(value: str) -> None:
    _default("monotonic_ns", lambda: int(value))


def _wall_ahead_s(value: str) -> None:
    ahead = timedelta(seconds=float(value))

    def shifted() -> datetime:
        return datetime.now(UTC) + ahead

    _default("now", shifted)
    settings: Any = Settings
    settings.__init__.__kwdefaults__["now"] = shifted


def _kill_at_frame(value: str) -> None:
    """SIGKILL right after so many frames of the database are durable, counted from 0, before
    anything else happens. Those of child runs count as well.
    """
    store: Any = SqliteStore

    def count(db: sqlite3.Connection) -> tuple[int]:
        found: tuple[int] = db.execute("SELECT count(*) FROM frames").fetchone()
        return found

    def killing(write: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def written(self: SqliteStore, *args: Any, **kwargs: Any) -> Any:
            gave = await write(self, *args, **kwargs)
            opened: Any = self
            (number,) = await opened._db.read(count)
            if number > int(value):
                os.kill(os.getpid(), signal.SIGKILL)
            return gave

        return written

    store.create, store.commit = killing(store.create), killing(store.commit)


_SETTINGS: dict[str, Callable[[str], None]] = {
    "beat_s": _beat_s,
    "kill_at_frame": _kill_at_frame,
    "lease_s": _lease_s,
    "monotonic_ahead_s": _monotonic_ahead_s,
    "monotonic_stands_at_ns": _monotonic_stands_at_ns,
    "wall_ahead_s": _wall_ahead_s,
    "wal_bytes": _wal_bytes,
}
