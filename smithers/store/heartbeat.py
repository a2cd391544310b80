"""The heartbeat of this process: a thread that beats its row of `owners` on its own connection."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from smithers.errors import StoreError
from smithers.store import Owner
from smithers.store.durations import Durations
from smithers.store.opening import connect
from smithers.store.rows import time_text

__all__ = ["COMMITS", "Heartbeat", "beat"]

_BEAT = (
    "INSERT INTO owners (owner, host, pid, started, beat_ns, beat_at) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (owner) DO UPDATE SET beat_ns = excluded.beat_ns, beat_at = excluded.beat_at"
)
_BUSY_S = 2.0
"""How long a beat waits for the writer lock; the next beat tries again."""
COMMITS = Durations((0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0))
"""How long the commits of the beats of this process took, with the wait for the writer lock."""


def beat(db: sqlite3.Connection, owner: Owner, now: datetime, monotonic_ns: int) -> None:
    """Say that a process lives."""
    row = (owner.id, owner.host, owner.pid, owner.started, monotonic_ns, time_text(now))
    db.execute(_BEAT, row)


class Heartbeat:
    """Beats for each owner that was added, every `every_s` seconds, until it is stopped."""

    def __init__(
        self,
        path: Path,
        every_s: float,
        now: Callable[[], datetime],
        monotonic_ns: Callable[[], int],
        check: Callable[[], None],
    ) -> None:
        """`check` raises `StoreError` if another database lies at `path` by now."""
        self._check = check
        self._path = path
        self._every_s = every_s
        self._now = now
        self._monotonic_ns = monotonic_ns
        self._owners: dict[str, Owner] = {}
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def owners(self) -> tuple[str, ...]:
        """The ids of the owners it beats for."""
        return tuple(self._owners)

    def add(self, owner: Owner) -> None:
        """Beat for this owner as well; the first one starts the thread."""
        self._owners = {**self._owners, owner.id: owner}
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="smithers-beat", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._every_s):
            # A beat that fails is made up for by the next; a lease outlasts several of them.
            try:
                self._beat_all()
            except (sqlite3.Error, StoreError):
                continue

    def _beat_all(self) -> None:
        self._check()
        with closing(connect(self._path, busy_timeout_s=_BUSY_S)) as db:
            begun = time.monotonic()
            db.execute("BEGIN IMMEDIATE")
            for owner in self._owners.values():
                beat(db, owner, self._now(), self._monotonic_ns())
            db.execute("COMMIT")
            COMMITS.add(time.monotonic() - begun)
