"""The store that lasts: one SQLite file, shared by any number of processes.

Each call is one function on the connection's thread, in one transaction; a commit may be one on the
thread of the loop. What the tables mean is
told in `schema.sql`; how checkpoints are made safe, in `connection.py`.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType

from smithers.allowed import AllowRuns
from smithers.changes import Frame, Key
from smithers.errors import StoreError
from smithers.signals import SentSignal
from smithers.sources import ClaimRow, Code, SourceFile
from smithers.store import (
    Below,
    CachedAnswer,
    Claim,
    Claimed,
    Cooldown,
    CountFree,
    History,
    InboxRow,
    Model,
    NewRun,
    Note,
    Owner,
    ProcessRow,
    Revival,
    RunRow,
    Wakeable,
)
from smithers.store.answers import check_claim, check_number, owned
from smithers.store.audit import add_audit
from smithers.store.beginning import begin_due, check_new, put_frame, put_run
from smithers.store.below import (
    below,
    check_allowed,
    is_budgeted,
    left_below,
    open_children,
    stop_started,
)
from smithers.store.cached import put_cached
from smithers.store.claims import claims_of, files_of, put_claim
from smithers.store.connection import Connection
from smithers.store.cooldowns import cooldowns_of, end_cooldown, put_cooldowns
from smithers.store.forking import copy_run, forked_from
from smithers.store.heartbeat import Heartbeat, beat
from smithers.store.history import frames_of, last_fence
from smithers.store.inbox import call, has_taker, inbox_rows, put_note, tell_parent
from smithers.store.lease import BEAT_S, Beat, lease_of, this_host, this_process, utc_now
from smithers.store.opening import WAL_BYTES, Synchronous, open_database
from smithers.store.outputs import OutputReader
from smithers.store.releasing import RELEASE
from smithers.store.rows import has_status, rows_of, time_text
from smithers.store.run_rows import run_row, unknown_run
from smithers.store.signals import Awaited, awaited, move_signals
from smithers.store.standing import about_of, budgets_of, kinds_of, standing_of, waits_of
from smithers.store.waking import (
    called,
    last_run,
    note_failure,
    revive,
    seat,
    take_seat,
    wakeable,
)

__all__ = ["SqliteStore"]

_ALLOW = "UPDATE runs SET allow_runs = ?, allow_depth = ? WHERE run_id = ?"
_STANDING = (
    "SELECT fence, owner, (SELECT max(frame) FROM frames f WHERE f.run_id = r.run_id), called,"
    " (SELECT max(id) FROM inbox i WHERE i.run_id = r.run_id) FROM runs r WHERE run_id = ?"
)
_BEAT = "SELECT owner, host, pid, started, beat_ns, beat_at FROM owners WHERE owner = ?"
_BEATS = "SELECT owner, host, pid, started, beat_ns, beat_at FROM owners"
_DRIVERS = (
    "SELECT o.owner, o.host, o.pid, o.started FROM owners o"
    " WHERE EXISTS (SELECT 1 FROM runs r WHERE r.owner = o.owner)"
    " UNION SELECT json_extract(waits_on, '$[0]'), json_extract(waits_on, '$[1]'),"
    " CAST(json_extract(waits_on, '$[2]') AS INTEGER), json_extract(waits_on, '$[3]')"
    " FROM waits WHERE kind = 'attached' AND ended IS NULL"
)
_PROCESS = (
    "INSERT OR REPLACE INTO processes (run_id, serial, pid, started, owner, cgroup)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
_LEFT_RUNNING = (
    "SELECT p.owner, p.run_id, p.serial, p.pid, p.started, p.cgroup FROM processes p"
    " LEFT JOIN owners o ON o.owner = p.owner"
    " WHERE p.run_id = ? AND (o.host IS NULL OR o.host = ?) ORDER BY p.serial, p.pid"
)
_FORGET = (
    "DELETE FROM owners WHERE owner = :owner"
    " AND NOT EXISTS (SELECT 1 FROM runs WHERE owner = :owner)"
    " AND NOT EXISTS (SELECT 1 FROM processes WHERE owner = :owner)"
    " AND NOT EXISTS (SELECT 1 FROM supervisors WHERE owner = :owner)"
)


class SqliteStore:
    """A `Store` in a file. Open it with `open`, and close it, or use it as `async with`."""

    def __init__(
        self,
        db: Connection,
        heartbeat: Heartbeat,
        outputs: OutputReader,
        now: Callable[[], datetime],
        monotonic_ns: Callable[[], int],
    ) -> None:
        self._db = db
        self._heartbeat = heartbeat
        self._outputs = outputs
        self._now = now
        self._monotonic_ns = monotonic_ns
        self._first: tuple[int, int] | None = None
        self._seen: dict[str, tuple[int, int]] = {}
        self._notes = 0
        """The notes that were written here: what another reader of this store has to look at."""
        self._closed = False

    @classmethod
    async def open(
        cls,
        path: Path | str,
        *,
        create: bool = True,
        synchronous: Synchronous = "full",
        busy_timeout_s: float = 30.0,
        wal_bytes: int = WAL_BYTES,
        beat_s: float = BEAT_S,
        now: Callable[[], datetime] = utc_now,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        max_pages: int | None = None,
        file_system: str | None = None,
        migrations: Sequence[str] | None = None,
    ) -> SqliteStore:
        """The store in the file at `path`, made if it is missing and `create` says so.

        `synchronous="normal"` may lose the last frames when the machine loses power, never when a
        process dies. The WAL is copied home after a commit that finds it above `wal_bytes`.
        `max_pages` bounds the file. The clocks, the type of the file system and the migrations can
        be given, for tests.

        Raises `StoreError`, naming the file and the reason, and has then changed nothing.
        """
        # SQLite keeps the WAL beside the real file, and so must we.
        given = Path(path)
        path = Path(os.path.realpath(path))  # noqa: ASYNC240  # one look-up, before anything runs
        connector = partial(
            open_database,
            path,
            create=create,
            synchronous=synchronous,
            busy_timeout_s=busy_timeout_s,
            wal_bytes=wal_bytes,
            max_pages=max_pages,
            file_system=file_system,
            migrations=migrations,
        )
        db = await Connection.opened(
            connector, path, given=given, wal_bytes=wal_bytes, timeout_s=busy_timeout_s
        )
        heartbeat = Heartbeat(path, beat_s, now, monotonic_ns, db.check)
        store = cls(db, heartbeat, OutputReader(path, db.check), now, monotonic_ns)
        store._first = (await db.call(_data_version), 0)
        return store

    async def __aenter__(self) -> SqliteStore:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def create(
        self,
        run: NewRun,
        owner: Owner,
        frame: Frame,
        models: Sequence[Model] = (),
        code: Code | None = None,
    ) -> Claim:
        """Begin a run with its frame 0, owned by `owner`. Raises `RunExists` or `Refused`."""
        check_number(run.run_id, -1, frame.number)
        claim = Claim(run_id=run.run_id, owner=owner.id, fence=1)
        rows = rows_of(run.run_id, frame)

        def work(db: sqlite3.Connection) -> None:
            check_new(db, run.run_id)
            check_allowed(db, run)
            beat(db, owner, self._now(), self._monotonic_ns())
            put_run(db, run, claim)
            put_claim(db, claim, run.source, run.created_at, code)
            put_frame(db, claim, frame, rows, models)
            if run.audit is not None:
                add_audit(db, run.audit)
            self._notes += tell_parent(db, run.run_id, frame)

        await self._db.transact(work)
        self._heartbeat.add(owner)
        return claim

    async def claim(
        self,
        run_id: str,
        owner: Owner,
        *,
        source: str,
        file: str | None = None,
        allow_runs: AllowRuns | None = None,
        options: str | None = None,
        code: Code | None = None,
    ) -> Claimed:
        """Take a run that nobody alive owns. Raises `UnknownRun` or `Owned`."""

        def work(db: sqlite3.Connection) -> Claimed:
            run = run_row(db, run_id)
            _, _, last, *_ = _standing(db, run_id)
            previous = None
            if run.owner is not None:
                previous = self._refuse_if_held(db, run_id, run.owner, owner)
            beat(db, owner, self._now(), self._monotonic_ns())
            db.execute(
                "UPDATE runs SET owner = ?, fence = fence + 1, source = ?,"
                " file = coalesce(?, file), options = coalesce(?, options), wake_at = NULL"
                " WHERE run_id = ?",
                (owner.id, source, file, options, run_id),
            )
            if allow_runs is not None:
                allowed = (allow_runs.number, allow_runs.depth, run_id)
                db.execute(_ALLOW, allowed)
            # Only a person claims a run that nothing else starts any more.
            db.execute("DELETE FROM revivals WHERE run_id = ? AND gave_up IS NOT NULL", (run_id,))
            left = db.execute(_LEFT_RUNNING, (run_id, owner.host)).fetchall()
            if run.owner is not None:
                db.execute(_FORGET, {"owner": run.owner})
            claim = Claim(run_id=run_id, owner=owner.id, fence=run.fence + 1)
            put_claim(db, claim, source, self._now(), code)
            processes = tuple(map(_process_row, left))
            return Claimed(claim=claim, frame=last, processes=processes, previous=previous)

        claimed = await self._db.transact(work)
        self._heartbeat.add(owner)
        return claimed

    async def reclaim(
        self, claim: Claim, *, source: str, allow_runs: AllowRuns, code: Code | None = None
    ) -> Claim:
        """Own a run further, with other code. Raises `Fenced`."""

        def work(db: sqlite3.Connection) -> Claim:
            fence, owner, *_ = _standing(db, claim.run_id)
            check_claim(claim, fence, owner)
            db.execute(
                "UPDATE runs SET fence = fence + 1, source = ? WHERE run_id = ?",
                (source, claim.run_id),
            )
            db.execute(_ALLOW, (allow_runs.number, allow_runs.depth, claim.run_id))
            made = replace(claim, fence=claim.fence + 1)
            put_claim(db, made, source, self._now(), code)
            return made

        return await self._db.transact(work)

    async def check_free(self, run_id: str, owner: Owner) -> None:
        """Raise as `claim` would: `UnknownRun` or `Owned`. Nothing is written."""

        def work(db: sqlite3.Connection) -> None:
            if (holder := run_row(db, run_id).owner) is not None:
                self._refuse_if_held(db, run_id, holder, owner)

        await self._db.read(work)

    async def commit(
        self,
        claim: Claim,
        frame: Frame,
        models: Sequence[Model] = (),
        cooldowns: Sequence[Cooldown] = (),
        answers: Sequence[CachedAnswer] = (),
        starts: NewRun | None = None,
        here: bool = False,
    ) -> Sequence[InboxRow]:
        """Make a frame durable, and give the inbox rows above `frame.inbox`. Raises `Fenced`."""
        rows = rows_of(claim.run_id, frame)

        def work(db: sqlite3.Connection) -> Sequence[InboxRow]:
            fence, owner, last, note, newest = _standing(db, claim.run_id)
            check_claim(claim, fence, owner)
            check_number(claim.run_id, last, frame.number)
            put_frame(db, claim, frame, rows, models)
            put_cooldowns(db, cooldowns)
            put_cached(db, answers)
            if starts is not None:
                begin_due(db, starts)
                move_signals(db, claim.run_id, starts.run_id)
            if has_status(rows):  # else it has not ended
                self._notes += tell_parent(db, claim.run_id, frame)
                self._notes += stop_started(db, claim.run_id, frame)
            if note is not None and note <= frame.inbox:
                db.execute("UPDATE runs SET called = NULL WHERE run_id = ?", (claim.run_id,))
            is_read = newest is None or newest <= frame.inbox
            return [] if is_read else inbox_rows(db, claim.run_id, frame.inbox)

        return await self._db.transact(work, here=here)

    async def fork(
        self,
        run: NewRun,
        frame: Frame | None,
        models: Sequence[Model] = (),
        *,
        finds_id: bool = False,
    ) -> str:
        """Copy a run as of a frame. Raises `UnknownRun`, `RunExists`, `Owned` or `Refused`."""

        def work(db: sqlite3.Connection) -> str:
            source = run_row(db, forked_from(run))
            if source.owner is not None:
                self._refuse_if_held(db, source.run_id, source.owner, this_process())
            made = copy_run(db, run, source.fence, frame, models, finds_id=finds_id)
            if run.audit is not None:
                add_audit(db, replace(run.audit, run_id=made))
            return made

        return await self._db.transact(work)

    async def rewind(
        self, claim: Claim, frame: Frame, kept: NewRun, first: Frame | None = None
    ) -> str:
        """Commit a frame that takes a run back, and keep what was. Raises `Fenced`."""
        rows = rows_of(claim.run_id, frame)

        def work(db: sqlite3.Connection) -> str:
            fence, owner, last, *_ = _standing(db, claim.run_id)
            check_claim(claim, fence, owner)
            check_number(claim.run_id, last, frame.number)
            run_id = copy_run(db, kept, fence, first, (), finds_id=True)
            put_frame(db, claim, frame, rows, ())
            return run_id

        return await self._db.transact(work)

    async def cooldowns(self, *, here: bool = False) -> Sequence[Cooldown]:
        """The last cooldown of each key."""
        return await self._db.call(cooldowns_of, here=here)

    async def end_cooldown(self, key: str) -> bool:
        """Forget a key; whether it was known."""
        return await self._db.transact(lambda db: end_cooldown(db, key))

    async def inbox(self, claim: Claim, after: int) -> Sequence[InboxRow]:
        """The inbox rows with ids above `after`. Raises `Fenced`."""

        def work(db: sqlite3.Connection) -> Sequence[InboxRow]:
            if claim.fence:
                fence, owner, *_ = _standing(db, claim.run_id)
                check_claim(claim, fence, owner)
            return inbox_rows(db, claim.run_id, after)

        return await self._db.read(work)

    async def release(self, claim: Claim, wake_at: datetime | None = None) -> None:
        """Give the run back. A stale claim releases nothing."""
        due = None if wake_at is None else time_text(wake_at)
        await self._write(RELEASE, (due, claim.run_id, claim.owner, claim.fence))

    async def run(self, run_id: str) -> RunRow:
        """The run's row alone. Raises `UnknownRun`."""
        return await self._db.read(lambda db: run_row(db, run_id))

    async def load(self, run_id: str) -> History:
        """The run and all its frames, of one moment. Raises `UnknownRun`."""

        def work(db: sqlite3.Connection) -> History:
            frames, fence = frames_of(db, run_id), last_fence(db, run_id)
            return History(run=run_row(db, run_id), frames=frames, fence=fence)

        return await self._db.read(work)

    async def standing(self, run_id: str) -> History:
        """The run, and what it has of the nodes that are open. Raises `UnknownRun`."""
        return await self._part(run_id, standing_of)

    async def waits(self, run_id: str) -> History:
        """The same of the nodes that wait. Raises `UnknownRun`."""
        return await self._part(run_id, waits_of)

    async def about(self, run_id: str, name: str) -> History:
        """The same of the nodes that a name may mean. Raises `UnknownRun`."""
        return await self._part(run_id, partial(about_of, name=name))

    async def budgets(self, run_id: str) -> History:
        """The same of the nodes that wait, with all budgets. Raises `UnknownRun`."""
        return await self._part(run_id, budgets_of)

    async def last_run(self, run_id: str) -> str:
        """The last of the runs as which a run has continued, or itself."""
        return await self._db.read(lambda db: last_run(db, run_id))

    async def kinds(self, run_id: str) -> Collection[str]:
        """The kinds of the nodes that are in the tree."""
        return await self._db.read(lambda db: kinds_of(db, run_id))

    async def _part(
        self, run_id: str, read: Callable[[sqlite3.Connection, str], tuple[Frame, ...]]
    ) -> History:
        def work(db: sqlite3.Connection) -> History:
            return History(run=run_row(db, run_id), frames=read(db, run_id))

        return await self._db.read(work)

    async def claims(self, run_id: str) -> Sequence[ClaimRow]:
        """Who has owned the run, and what they had loaded."""
        return await self._db.read(lambda db: claims_of(db, run_id))

    async def files(self, source: str) -> Sequence[SourceFile]:
        """The author's files of a digest."""
        return await self._db.read(lambda db: files_of(db, source))

    def output(self, run_id: str, key: Key, frame: int) -> str:
        """What a node gave when it ended in that frame, as JSON text. Raises `StoreError`."""
        return self._outputs.read(run_id, key, frame)

    async def offer(self, note: Note) -> InboxRow:
        """Put a note into the inbox. Raises `UnknownRun` or `Refused`."""

        def work(db: sqlite3.Connection) -> InboxRow:
            _, owner, *_ = _standing(db, note.run_id)
            row = put_note(db, note, self._now(), driven=self._drives(db, owner))
            if note.audit is not None:
                add_audit(db, note.audit)
            if has_taker(db, note):
                call(db, row)
            return row

        row = await self._db.transact(work)
        self._notes += 1
        return row

    async def awaited(self, run_id: str, sent: SentSignal) -> Awaited:
        """Who takes a signal, and what the run waits for, as it is told to whoever sends it.
        Raises `UnknownRun`.
        """

        def work(db: sqlite3.Connection) -> Awaited:
            _, owner, *_ = _standing(db, run_id)
            return awaited(db, run_id, sent, None if self._drives(db, owner) else self._now())

        return await self._db.read(work)

    async def wakeable(self, count_free: CountFree | None = None) -> Sequence[Wakeable]:
        """The runs that should go on while nobody alive drives them."""
        return await self._db.read(lambda db: wakeable(db, self._now(), self._held, count_free))

    async def called(self, run_ids: Collection[str]) -> Collection[str]:
        """Which of these runs nobody owns, and were sent a note or are due."""
        return await self._db.read(lambda db: called(db, run_ids, self._now()))

    async def below(self, run_id: str, *, every: bool = False) -> Sequence[Below]:
        """What the runs below a run have used that were started from below."""
        return await self._db.read(lambda db: below(db, run_id, every=every))

    async def open_children(self, run_id: str) -> Sequence[RunRow]:
        """The child runs that nodes of a run have started and that have not ended."""
        return await self._db.read(lambda db: open_children(db, run_id))

    async def is_budgeted(self, run_id: str) -> bool:
        """Whether a node of the run ever had a budget."""
        return await self._db.read(lambda db: is_budgeted(db, run_id))

    async def left_below(self, run_id: str) -> Sequence[str]:
        """The runs below a run that are to end, since those above them have."""
        return await self._db.read(lambda db: left_below(db, run_id))

    async def revive(self, run_id: str) -> Revival:
        """Count that the run is being started again, if it may be."""
        return await self._db.transact(lambda db: revive(db, run_id, self._now()))

    async def start_failed(self, run_id: str, said: str, *, spared: bool = False) -> str | None:
        """Keep why the last start came to nothing; why the run is given up, if it is now."""

        def work(db: sqlite3.Connection) -> str | None:
            return note_failure(db, run_id, said, self._now(), spared=spared)

        return await self._db.transact(work)

    async def take_seat(self, owner: Owner) -> Owner | None:
        """Make `owner` the one that wakes runs; the living one that is, if it is another."""

        def work(db: sqlite3.Connection) -> Owner | None:
            beat(db, owner, self._now(), self._monotonic_ns())
            return take_seat(db, owner, self._held)

        if (holder := await self._db.read(lambda db: seat(db, self._held))) is not None:
            return None if holder.id == owner.id else holder
        holder = await self._db.transact(work)
        if holder is None:
            self._heartbeat.add(owner)
        return holder

    async def add_processes(self, rows: Sequence[ProcessRow]) -> None:
        """Remember processes of attempts."""
        values = [(r.run_id, r.serial, r.pid, r.started, r.owner, r.cgroup) for r in rows]

        def work(db: sqlite3.Connection) -> None:
            db.executemany(_PROCESS, values)

        await self._db.transact(work, synced=False)

    async def remove_processes(self, owner: str, run_id: str, serial: int) -> None:
        """Forget the processes of an attempt that has ended."""
        wanted = (owner, run_id, serial)
        sql = "DELETE FROM processes WHERE owner = ? AND run_id = ? AND serial = ?"
        await self._db.transact(lambda db: db.execute(sql, wanted), synced=False)

    async def processes(self) -> Sequence[ProcessRow]:
        def work(db: sqlite3.Connection) -> Sequence[ProcessRow]:
            rows = db.execute("SELECT owner, run_id, serial, pid, started, cgroup FROM processes")
            return list(map(_process_row, rows))

        return await self._db.read(work)

    async def drivers(self) -> Sequence[Owner]:
        """The processes that own runs, and those through which persons are in a session."""
        rows = await self._db.read(lambda db: db.execute(_DRIVERS).fetchall())
        return [Owner(id=id, host=host, pid=pid, started=at) for id, host, pid, at in rows]

    async def overdue(self) -> Sequence[Owner]:
        """The processes of this host that live, but have not said so for longer than a lease."""
        rows = await self._db.read(lambda db: db.execute(_BEATS).fetchall())
        beats, now, ns = list(map(Beat.of, rows)), self._now(), self._monotonic_ns()
        return [
            beat.owner
            for beat in beats
            if beat.owner.host == this_host()
            and lease_of(beat, now=now, monotonic_ns=ns) == "expired"
        ]

    async def changed(self, reader: str = "") -> bool:
        """Whether someone else has committed, or a note was written here, since the last call."""
        self.check()
        now = (await self._db.call(_data_version), self._notes)
        before, self._seen[reader] = self._seen.get(reader, self._first), now
        return now != before

    def wait_for_stopped(self, tell: Callable[[str], None]) -> None:
        """Wait for a lock that a stopped process holds as for any other, and report it to `tell`,
        on another thread: for an owner whose attempts are paid for. Else such a lock is an error.
        """
        self._db.tell_locked = lambda locked: tell(str(locked))

    def check(self) -> None:
        """Raise `StoreError` if the database at the path is not the one that was opened."""
        self._db.check()

    async def close(self) -> None:
        """Release the file. Runs that are still owned become stale when this process ends."""
        if self._closed:
            return
        self._closed = True
        self._outputs.close()  # before the connection whose close copies the WAL home
        await self._db.call(lambda _: self._heartbeat.stop())
        # What is left to do is housekeeping: a database that somebody holds is not waited for.
        await self._db.call(lambda _: self._db.wait_at_most(0.25))
        if self._heartbeat.owners:
            with suppress(StoreError):
                await self._db.transact(self._forget_owners)
        await self._db.close()

    async def _write(self, sql: str, values: tuple[object, ...]) -> None:
        def work(db: sqlite3.Connection) -> None:
            db.execute(sql, values)

        await self._db.transact(work)

    def _forget_owners(self, db: sqlite3.Connection) -> None:
        for owner in self._heartbeat.owners:
            db.execute("DELETE FROM supervisors WHERE owner = ?", (owner,))
            db.execute(_FORGET, {"owner": owner})

    def _held(self, beat: Beat) -> bool:
        return lease_of(beat, now=self._now(), monotonic_ns=self._monotonic_ns()) == "held"

    def _drives(self, db: sqlite3.Connection, owner: str | None) -> bool:
        """Whether an owner of a run is a process that lives."""
        row = None if owner is None else db.execute(_BEAT, (owner,)).fetchone()
        return row is not None and self._held(Beat.of(row))

    def _refuse_if_held(
        self, db: sqlite3.Connection, run_id: str, holder: str, by: Owner
    ) -> Owner | None:
        """The owner that lets a run go, if its process may still be there. Raises `Owned`."""
        row = db.execute(_BEAT, (holder,)).fetchone()
        if row is None:
            return None
        last, now, ns = Beat.of(row), self._now(), self._monotonic_ns()
        if holder == by.id or lease_of(last, now=now, monotonic_ns=ns, host=by.host) == "held":
            if last.owner.host == by.host:
                raise owned(run_id, last.owner, (ns - last.beat_ns) / 1e9)
            raise owned(run_id, last.owner, (now - last.beat_at).total_seconds())
        return last.owner if last.owner.host == by.host else None


def _data_version(db: sqlite3.Connection) -> int:
    version: int = db.execute("PRAGMA data_version").fetchone()[0]
    return version


_Standing = tuple[int, str | None, int, int | None, int | None]


def _standing(db: sqlite3.Connection, run_id: str) -> _Standing:
    """The run's fence, owner, last frame, the last note that no frame has taken, and the newest."""
    row: _Standing | None = db.execute(_STANDING, (run_id,)).fetchone()
    if row is None:
        raise unknown_run(run_id)
    return row


def _process_row(row: tuple[str, str, int, int, str, str | None]) -> ProcessRow:
    owner, run_id, serial, pid, started, cgroup = row
    return ProcessRow(
        owner=owner, run_id=run_id, serial=serial, pid=pid, started=started, cgroup=cgroup
    )
