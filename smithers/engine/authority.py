"""A process below a run can read that run's database, and cannot change anything in it.

Agents read hostile text, so what a person decides (approvals, budgets, what is started, cancelled
or said to an agent) is not theirs to decide: not by the command line, over MCP or by `Hub`, and not
from a program that they start.

Recorded processes and ancestry decide. A process is below a run if it is below a process that
drives a run of this database, below a recorded process of an attempt, below a terminal that
`attach` opened, or below a process that has the file open by another name (a hard link, a mount).
An orphan below such a process becomes its child (Linux; see `Orphans` and the guard of attempts).
Marks in the environment only add to that: they refuse if ancestry shows nothing, and clearing or
changing them has no effect on it. Another database is free; but what this user trusts concerns all
of them, so below a run of any that is trusted or named it may not be changed.

`allow_runs=` of a workflow lets its runs be starters: a process below one may start runs then, and
resume those that it has started. Such a run is a child of the run that is above the process.

Not defended: a process of the same user can write the file itself, and can have another one started
by a service (tmux, at, cron, systemd). Below a run in a container, a process in a further pid
namespace is recognised by its marks alone.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from stat import S_ISREG
from typing import cast

from smithers.allowed import Above, check_start
from smithers.changes import Key
from smithers.engine.launching import ATTEMPT, RUN, RUN_DATABASE
from smithers.engine.orphans import has_init
from smithers.engine.process_table import environment_of
from smithers.engine.processes import ancestors
from smithers.errors import Refused, SmithersError
from smithers.inbox import RELEASE
from smithers.store import Parent
from smithers.store.below import chain_above
from smithers.store.lease import Beat, is_alive, started_of, this_host
from smithers.store.looking import copies, peek
from smithers.store.rows import path_of
from smithers.values import dataclass
from smithers.waits import ATTACHED

__all__ = [
    "check_resume_below",
    "check_start_below",
    "driving",
    "refuse_below",
    "refuse_below_others",
    "refuse_caller_below",
]

_PROCESSES = (
    "SELECT pid, started, run_id, serial, NULL, NULL FROM processes"
    " UNION ALL SELECT CAST(json_extract(w.waits_on, '$[2]') AS INTEGER),"
    " json_extract(w.waits_on, '$[3]'), w.run_id, NULL, w.node, w.path FROM waits w"
    f" WHERE w.kind = '{ATTACHED}' AND w.ended IS NULL"
    f" AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.run_id = w.run_id AND i.kind = '{RELEASE}'"
    " AND json_extract(i.body, '$.id') = json_extract(w.waits_on, '$[0]'))"
)
"""Everything that attempts have started, and the terminals through which a person is in a session;
except those of persons who have left, whose terminals are gone.
"""

_OWNERS = (
    "SELECT r.run_id, r.parent, o.owner, o.host, o.pid, o.started, o.beat_ns, o.beat_at"
    " FROM owners o JOIN runs r ON r.owner = o.owner"
)

_NEWEST_STEP = (
    "SELECT task, path FROM attempts a WHERE run_id = ? AND state IS NULL AND prompt IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM processes p WHERE p.run_id = a.run_id AND p.serial = a.serial)"
    " ORDER BY serial DESC LIMIT 1"
)

_FIRST_NAMESPACE = "pid:[4026531836]"
"""The pid namespace of the machine itself: PROC_PID_INIT_INO in Linux's proc_ns.h. All others are
inside it.
"""

_driven: ContextVar[tuple[tuple[Path, str], ...]] = ContextVar("_driven", default=())
"""The databases and ids of the runs, one inside the other, from whose steps this is called."""


@contextmanager
def driving(database: Path, run_id: str) -> Generator[None]:
    """Inside it, and in all that it starts in this process, a run of the database is driven."""
    token = _driven.set((*_driven.get(), (_real(database), run_id)))
    try:
        yield
    finally:
        _driven.reset(token)


@dataclass(frozen=True)
class _Why:
    """Why this process is below a run, empty if it is not; which run, if rows tell, and the node
    and attempt there.
    """

    said: str
    run_id: str | None = None
    serial: int | None = None
    key: Key | None = None

    def __bool__(self) -> bool:
        return bool(self.said)


def refuse_below(database: Path, environment: Mapping[str, str], what: str) -> None:
    """Raises `Refused` if this process, or the step that calls, is below a run of the database.

    `what` completes the sentence "an agent may not ...".
    """
    if why := _why_below(database):
        raise _refused(database, what, why)
    _refuse_marked(database, environment, what)


def refuse_caller_below(database: Path, pid: int, what: str) -> None:
    """As `refuse_below`, for another process, in whose name this one is about to act. A process
    that drives a run is refused as well: one of its steps may be what calls.
    """
    if why := _why_below(database, _Above.seen(pid)):
        raise _refused(database, what, why)
    _refuse_marked(database, environment_of(pid), what)


def refuse_below_others(databases: Iterable[Path], what: str) -> None:
    """As `refuse_below`, for databases that the command does not name, without marks: those that
    are gone or cannot be read are skipped.
    """
    above = _Above.seen()
    for one in databases:
        why, noted = _Why(""), set(copies)
        with suppress(OSError, SmithersError):
            why = _why_below(one, above)
        for path in copies.keys() - noted:
            del copies[path]  # nobody has asked for it
        if why:
            raise _refused(one, what, why)


def parent_below(database: Path, environment: Mapping[str, str], what: str) -> Parent | None:
    """The run below which this process is, with the node there; None if it is below none. Raises
    `Refused` if rows do not tell which.
    """
    if not (why := _why_below(database)):
        _refuse_marked(database, environment, what)
        return None
    if why.run_id is None:
        raise _refused(database, what, why)
    run_id, key = why.run_id, why.key
    if key is None:
        row = peek(_real(database), lambda db: _node_of(db, run_id, why.serial))
        if row is None:
            raise _refused(database, what, why)
        key = Key(row[0], path_of(row[1]))
    return Parent(run_id=run_id, key=key, waits=False)


def check_start_below(
    database: Path, environment: Mapping[str, str], run_id: str | None
) -> Parent | None:
    """The run that starts one by this process, with the node there; None if a person does. Raises
    `Refused` if a run above does not allow it, as the store does when the run begins: for a run
    that is there already, or whose id is not known, only if it allows none at all.
    """
    parent = parent_below(database, environment, "start a run")
    if parent is not None:
        sql, above = "SELECT 1 FROM runs WHERE run_id = ?", parent.run_id

        def look(db: sqlite3.Connection) -> tuple[list[Above], bool]:
            is_new = run_id is not None and db.execute(sql, (run_id,)).fetchone() is None
            return chain_above(db, above), is_new

        chain, is_new = peek(_real(database), look)
        check_start(chain if is_new else [replace(one, started=0) for one in chain])
    return parent


def check_resume_below(database: Path, environment: Mapping[str, str], run_id: str) -> bool:
    """Whether an agent resumes the run by this process, which it has started itself. Raises
    `Refused` for another one.
    """
    what = f"resume run {run_id}"
    if (parent := parent_below(database, environment, what)) is None:
        return False
    sql = "SELECT 1 FROM runs WHERE run_id = ? AND parent = ? AND NOT parent_waits"
    wanted = (run_id, parent.run_id)
    if peek(_real(database), lambda db: db.execute(sql, wanted).fetchone()) is None:
        said = f"this process was started by run {parent.run_id}, which has not started that one"
        raise _refused(database, what, _Why(said), of="")
    return True


def _refused(database: Path, what: str, why: _Why, of: str | None = None) -> Refused:
    of = f" of {database}" if of is None else of
    return Refused(
        f"an agent may not {what}: {why.said}{of}",
        hint="only a person may do this: type the command in a terminal that no run has started",
    )


def _refuse_marked(database: Path, environment: Mapping[str, str], what: str) -> None:
    if database.exists() and (mark := _mark_in(environment, database)):
        raise Refused(
            f"an agent may not {what}: the environment variable {mark} says that this"
            f" process was started by a run of {database}",
            hint="if no run has started it: unset SMITHERS_RUN SMITHERS_ATTEMPT",
        )


def _node_of(db: sqlite3.Connection, run_id: str, serial: int | None) -> tuple[str, str] | None:
    """The node of an attempt; without its number that of the newest step that runs."""
    if serial is not None:
        sql = "SELECT task, path FROM attempts WHERE run_id = ? AND serial = ?"
        return cast("tuple[str, str] | None", db.execute(sql, (run_id, serial)).fetchone())
    return cast("tuple[str, str] | None", db.execute(_NEWEST_STEP, (run_id,)).fetchone())


@dataclass(frozen=True)
class _Above:
    """A process, those above it, and the files that they have open, as far as this user may see
    them (Linux), by device and inode.
    """

    processes: Sequence[tuple[int, str]]
    files: Mapping[tuple[int, int], Sequence[tuple[int, str]]]
    caller: int | None = None
    """The pid of the process, unless it is this one."""

    @property
    def named(self) -> str:
        return "this process" if self.caller is None else f"the caller (process {self.caller})"

    @property
    def namespace(self) -> str:
        """Its pid namespace; empty if this user may not see it."""
        with suppress(OSError):
            return os.readlink(f"/proc/{self.caller or 'self'}/ns/pid")
        return ""

    @classmethod
    def seen(cls, caller: int | None = None) -> _Above:
        processes = ancestors(os.getpid() if caller is None else caller)
        files: dict[tuple[int, int], list[tuple[int, str]]] = {}
        for pid, _ in processes:
            for name, stat in _open_files(pid):
                files.setdefault((stat.st_dev, stat.st_ino), []).append((pid, name))
        return cls(processes, files, caller)

    def other_name(self, real: Path) -> tuple[int, str] | None:
        """The process that has the file open by another path, and that path.

        SQLite finds the `-wal` by the name of the database, so by another name a reader misses
        rows.
        """
        with suppress(OSError):
            stat = real.stat()
            opened = self.files.get((stat.st_dev, stat.st_ino), ())
            return next((one for one in opened if one[1] != str(real)), None)
        return None


def _open_files(pid: int) -> Iterator[tuple[str, os.stat_result]]:
    folder = f"/proc/{pid}/fd"
    with suppress(OSError):
        for number in os.listdir(folder):
            with suppress(OSError):
                found = os.stat(f"{folder}/{number}")
                if S_ISREG(found.st_mode):
                    yield os.readlink(f"{folder}/{number}"), found


def _why_below(database: Path, above: _Above | None = None) -> _Why:
    """Why this process is below a run; empty if it is not, as far as can be seen."""
    real = _real(database)
    is_own = above is None or above.caller is None
    if is_own and any(_is_same(real, driven) for driven, _ in _driven.get()):
        inner = [run_id for driven, run_id in _driven.get() if driven == real]
        return _Why("the call came from a step of a run", inner[-1] if inner else None)
    if not real.is_file() or real.stat().st_size == 0:
        return _Why("")
    above = above or _Above.seen()
    if found := above.other_name(real):
        return _Why(
            f"process {found[0]}, from which {above.named} stems, has the same file open as"
            f" {found[1]} and drives a run"
        )
    return _run_above(real, above)


def _run_above(real: Path, above: _Above) -> _Why:
    """Why one of these processes is a run's; empty if none is, as far as rows tell."""
    processes, rows = peek(
        real, lambda db: (db.execute(_PROCESSES).fetchall(), db.execute(_OWNERS).fetchall())
    )
    owners = [(str(run), Beat.of(tuple(row))) for run, _, *row in rows]
    runs: dict[tuple[int, str], tuple[str, int | None, Key | None]] = {}
    for pid, started, run, serial, node, path in processes:
        key = None if node is None else Key(node, path_of(path))
        runs[int(pid), str(started)] = (str(run), serial, key)
    for run, beat in _outermost_first(owners, {str(row[0]): row[1] for row in rows}):
        runs.setdefault((beat.owner.pid, beat.owner.started), (run, None, None))
        if has_init(beat.owner.pid) and (init := started_of(1)):
            runs.setdefault((1, init), (run, None, None))
    # What this process drives itself is `_driven`.
    for one in above.processes[1:] if above.caller is None else above.processes:
        if one in runs:
            run, serial, key = runs[one]
            return _Why(f"{above.named} was started by run {run}", run, serial, key)
    for run, beat in owners:
        if _is_outside(beat, above.namespace):
            return _Why(
                f"{above.named} is in a container, so it cannot be ruled out that run {run}"
                " started it"
            )
    return _Why("")


def _outermost_first(
    owners: Sequence[tuple[str, Beat]], parents: Mapping[str, str | None]
) -> list[tuple[str, Beat]]:
    """What a step starts is counted for the outermost of the runs that its process drives."""
    theirs = {run: beat.owner.id for run, beat in owners}

    def is_inner(one: tuple[str, Beat]) -> bool:
        return theirs.get(parents[one[0]] or "") == one[1].owner.id

    return sorted(owners, key=is_inner)


def _mark_in(environment: Mapping[str, str], database: Path) -> str:
    """The variable which says that a run of this database has started this process; without a
    usable name of a database it may mean any.
    """
    mark = next((name for name in (ATTEMPT, RUN) if environment.get(name)), "")
    named = environment.get(RUN_DATABASE)
    if mark and named:
        with suppress(OSError):
            return mark if os.path.samefile(named, database) else ""
    return mark


def _is_outside(beat: Beat, namespace: str) -> bool:
    """Whether a living owner is a process of the machine itself, while a process is in this pid
    namespace, from which the processes of the machine cannot be seen.
    """
    if sys.platform != "linux":
        return False
    boot = this_host().partition("/")[0]
    if namespace == _FIRST_NAMESPACE or beat.owner.host != f"{boot}/{_FIRST_NAMESPACE}":
        return False
    return is_alive(beat)


def _is_same(one: Path, other: Path) -> bool:
    """Whether two real paths name the same file."""
    with suppress(OSError):
        return os.path.samefile(one, other)
    return one == other


def _real(database: Path) -> Path:
    return Path(os.path.realpath(database))
