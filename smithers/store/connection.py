"""An aiosqlite connection that takes a whole transaction in one call, and checkpoints with care.

Releases of SQLite before 3.51.3 can corrupt a file when a checkpoint runs while another
connection resets the WAL. A checkpoint that holds the writer lock from before it reads the WAL's
header is safe, since only a writer resets. SQLite does not promise it: found by experiment and in
its source, `wal_checkpoint(TRUNCATE)` asks for the writer lock, and when its busy time is over it
goes on *without it*, as PASSIVE does; and it cannot run inside a transaction of its own connection.
So we take the lock ourselves, in an order that leaves no gap:

1. the file lock beside the database, or else another process is at it and we are done;
2. BEGIN IMMEDIATE on this connection: now nobody can write;
3. `wal_checkpoint(TRUNCATE)` on a second connection with no busy time: it copies every page home;
   finding the writer lock (ours) taken, it does not reset the WAL;
4. ROLLBACK, and one small write (of the version, as it is): as any writer does that finds all of
   the WAL copied, it resets the WAL, and cuts the file to what it may keep. A reader with an old
   snapshot prevents the reset; then a later checkpoint will bring it.

When the last connection closes, SQLite checkpoints under an exclusive lock on the file, which
nobody else can have open then.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import aiosqlite

from smithers.errors import StoreError
from smithers.store.failures import telling, told
from smithers.store.identity import OpenFiles
from smithers.store.locks import LOOK_AFTER_S, Locked, Patience, is_busy
from smithers.store.opening import connect, file_lock

__all__ = ["Connection"]

T = TypeVar("T")

_AGAIN_BYTES = 1 << 20
"""How much the WAL must grow after a checkpoint that could not reset it before the next try."""
_WRITE = "BEGIN IMMEDIATE"
_QUICK_S = 0.005
"""What takes longer is for the connection's thread."""
_OF_LAST = 10
"""The usual time of a transaction is an average over about this number of them."""


class Connection(aiosqlite.Connection):
    """One connection on a thread of its own; functions are given the raw one, on that thread.

    The loop's thread uses it as well, for a transaction that is known to be quick, and only while
    the connection's thread has nothing to do: at any time one thread has it.
    """

    tell_locked: Callable[[Locked], None] | None = None
    """If set, it is called once, on the connection's thread, when a stopped process holds the lock
    that this one waits for, and the wait continues; else `Locked` is raised at once.
    """

    def __init__(
        self,
        connector: Callable[[], sqlite3.Connection],
        path: Path,
        wal_bytes: int,
        timeout_s: float,
    ) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self._thread.daemon = True  # an owner that exits without closing it must not hang
        self._path = path
        self._timeout_s = timeout_s
        self._patient_s = self._waits_s = min(timeout_s, LOOK_AFTER_S)
        """How long SQLite waits for a lock on the connection's thread, and as it is set now."""
        self._given = self._done = 0
        """What the connection's thread was given, counted by the loop, and has done, by itself."""
        self._usual_s = 2 * _QUICK_S
        self._files: OpenFiles
        self._wal = f"{path.absolute()}-wal"
        self._least_bytes = self._checkpoint_at = wal_bytes

    @classmethod
    async def opened(
        cls,
        connector: Callable[[], sqlite3.Connection],
        path: Path,
        *,
        given: Path,
        wal_bytes: int,
        timeout_s: float,
    ) -> Connection:
        """Open it on its thread; what `connector` raises, this raises. `path` is where the file
        really is, `given` the path by which others will look for it.
        """
        db = cls(connector, path, wal_bytes, timeout_s)

        def connect_here() -> None:
            db._connection = connector()  # here, so that stop() closes it even if we are cancelled
            db._files = OpenFiles(given)

        db._thread.start()
        try:
            await db._sent(connect_here)
        except BaseException:
            await db._ended()
            raise
        return db

    async def transact(
        self, work: Callable[[sqlite3.Connection], T], *, synced: bool = True, here: bool = False
    ) -> T:
        """Run `work` inside one write transaction: durable when this returns, or all undone. If not
        `synced`, it survives the end of every process, but perhaps not that of the machine.

        With `here` it may be done on the calling thread, if the last ones were quick and nobody has
        the lock: two switches of threads cost more than such a transaction.

        Raises `StoreError` for whatever the database refuses. Cancelling the wait does not stop
        the transaction.
        """
        done: tuple[T] | None = None
        if here and synced and self._is_quick():
            done = self._in_a_moment(partial(self._within_once, _WRITE, work))
        if done is None:
            call = partial(self._within, _WRITE, work)
            done = (await self._handed(call if synced else partial(self._unsynced, call)),)
        if (size := self._files.wal_bytes) > self._checkpoint_at:
            self._hand_over(None, self.checkpoint)
        elif size <= self._least_bytes:
            self._checkpoint_at = self._least_bytes
        return done[0]

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on one snapshot."""
        return await self._handed(partial(self._within, "BEGIN", work))

    def check(self) -> None:
        """Raise `StoreError` if the files at the database's paths are no longer the opened ones."""
        self._files.check()

    async def call(self, work: Callable[[sqlite3.Connection], T], *, here: bool = False) -> T:
        """Run `work` outside any transaction, on the connection's thread; with `here` it may be
        done on the calling one, as a transaction.
        """
        done = self._in_a_moment(lambda: work(self._conn)) if here and self._is_quick() else None
        if done is None:
            done = (await self._handed(partial(self._told, work)),)
        return done[0]

    def checkpoint(self) -> bool:
        """Copy the WAL home and reset it, on the connection's thread; whether it was done.

        It is left for later where another process is at it, or the database is busy or full.
        """
        with suppress(sqlite3.Error, StoreError, OSError), self._file_lock() as ours:
            done = ours and self._copy_home()
            more = min(_AGAIN_BYTES, self._least_bytes)
            self._checkpoint_at = max(self._least_bytes, self._wal_size() + more)
            return done
        return False

    async def _handed(self, work: Callable[[], T]) -> T:
        if not self._running or self._connection is None:
            raise StoreError(f"{self._path}: the store is closed")
        return await self._sent(work)

    async def _sent(self, work: Callable[[], T]) -> T:
        waiting: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._hand_over(waiting, work)
        return await waiting

    async def _ended(self) -> None:
        stopped = self.stop()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if stopped is not None:
            await stopped

    def wait_at_most(self, timeout_s: float) -> None:
        """Wait for locks no longer than this from now on. On the connection's thread."""
        self._timeout_s = self._patient_s = timeout_s
        self._wait_for_locks(timeout_s)

    def _wait_for_locks(self, timeout_s: float) -> None:
        if self._waits_s != timeout_s and self._connection is not None:
            self._connection.execute(f"PRAGMA busy_timeout = {int(timeout_s * 1000)}").close()
            self._waits_s = timeout_s

    def _hand_over(self, waiting: asyncio.Future[T] | None, work: Callable[[], T]) -> None:
        self._given += 1
        job = partial(self._on_thread, work)
        self._tx.put_nowait((waiting, job))  # pyright: ignore[reportUnknownMemberType]  # bare Future

    def _on_thread(self, work: Callable[[], T]) -> T:
        try:
            self._wait_for_locks(self._patient_s)
            return work()
        finally:
            self._done += 1

    def _is_quick(self) -> bool:
        """Whether a transaction is quick enough for the calling thread, and the connection free."""
        is_free = self._running and self._connection is not None and self._given == self._done
        return is_free and self._usual_s < _QUICK_S

    def _in_a_moment(self, work: Callable[[], T]) -> tuple[T] | None:
        """Run this on the calling thread; None, and nothing was done, if somebody else has the
        lock.
        """
        try:
            self._wait_for_locks(_QUICK_S)
            return (work(),)
        except Exception as error:
            if is_busy(error):
                return None
            if (said := told(self._path, error)) is error:
                raise
            raise said from error

    def _copy_home(self) -> bool:
        db = self._conn
        db.execute("BEGIN IMMEDIATE")
        try:
            with closing(connect(self._path, busy_timeout_s=0)) as other:
                other.execute("SELECT 1 FROM sqlite_schema").fetchone()
                row = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            db.execute("ROLLBACK")
        if row[1] != row[2]:
            return False
        db.execute("BEGIN IMMEDIATE")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        db.execute(f"PRAGMA user_version = {version}")
        db.execute("COMMIT")
        return True

    def _wal_size(self) -> int:
        try:
            return os.stat(self._wal).st_size
        except OSError:
            return 0

    def _told(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with telling(self._path):
            return work(self._conn)

    def _within(self, begin: str, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run one transaction, again while another process holds a lock; then nothing was done."""
        patience = Patience(self._path, self._timeout_s)
        tell = self.tell_locked
        while True:
            try:
                return self._within_once(begin, work)
            except Exception as error:
                if not is_busy(error):
                    if (said := told(self._path, error)) is error:
                        raise
                    raise said from error
                with telling(self._path):
                    locked = patience.spend(error)
            if locked is not None:
                if self.tell_locked is None:
                    raise locked
                if tell is not None:
                    tell(locked)
                    tell = None

    def _within_once(self, begin: str, work: Callable[[sqlite3.Connection], T]) -> T:
        began = time.monotonic()
        try:
            db = self._conn
            db.execute(begin)
            done = work(db)
            self.check()
            db.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        finally:
            if begin == _WRITE:
                self._usual_s += (time.monotonic() - began - self._usual_s) / _OF_LAST
        return done

    def _unsynced(self, call: Callable[[], T]) -> T:
        db = self._conn
        before = db.execute("PRAGMA synchronous").fetchone()[0]
        db.execute("PRAGMA synchronous = NORMAL")
        try:
            return call()
        finally:
            db.execute(f"PRAGMA synchronous = {before}")

    @contextmanager
    def _file_lock(self) -> Generator[bool]:
        """The lock of the database that is open here, not of another one in its place."""
        self.check()
        with file_lock(self._path, 0) as ours:
            yield ours

    def _roll_back(self) -> None:
        db = self._connection
        if db is not None and db.in_transaction:
            with suppress(sqlite3.Error):
                db.execute("ROLLBACK")
