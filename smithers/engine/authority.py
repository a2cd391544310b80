"""A process below a run can read that run's database, and cannot change anything in it.

Agents read hostile text, so what a person decides (approvals, budgets, what is started, cancelled
or said to an agent) is not theirs to decide: not by the command line, over MCP or by `Hub`, and not
from a program that they start.

Recorded processes and ancestry decide. A process is below a run if it is below a process that
drives a run of this database, below a recorded process of an attempt, below a terminal that
`attach` opened, or below a process that has the file open by another name (a hard link, a mount).
An orphan below such a process becomes its child (Linux; see `Orphans` and the guard of attempts).
Marks in the environment only add to that: they refuse if ancestry shows nothing, and clearing or
changing them has no effect on it. Another database is free.

Not defended: a process of the same user can write the file itself, and can have another one started
by a service (tmux, at, cron, systemd). Below a run in a container, a process in a further pid
namespace is recognised by its marks alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from smithers.engine.launching import ATTEMPT, RUN, RUN_DATABASE
from smithers.engine.orphans import has_init
from smithers.engine.processes import ancestors
from smithers.errors import Refused
from smithers.inbox import RELEASE
from smithers.store.lease import Beat, is_alive, started_of, this_host
from smithers.store.looking import peek
from smithers.waits import ATTACHED

__all__ = ["driving", "refuse_below"]

_PROCESSES = (
    "SELECT pid, started, run_id FROM processes"
    " UNION ALL SELECT CAST(json_extract(w.waits_on, '$[2]') AS INTEGER),"
    " json_extract(w.waits_on, '$[3]'), w.run_id FROM waits w"
    f" WHERE w.kind = '{ATTACHED}' AND w.ended IS NULL"
    f" AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.run_id = w.run_id AND i.kind = '{RELEASE}'"
    " AND json_extract(i.body, '$.id') = json_extract(w.waits_on, '$[0]'))"
)
"""Everything that attempts have started, and the terminals through which a person is in a session;
except those of persons who have left, whose terminals are gone.
"""

_OWNERS = (
    "SELECT r.run_id, o.owner, o.host, o.pid, o.started, o.beat_ns, o.beat_at"
    " FROM owners o JOIN runs r ON r.owner = o.owner"
)

_FIRST_NAMESPACE = "pid:[4026531836]"
"""The pid namespace of the machine itself: PROC_PID_INIT_INO in Linux's proc_ns.h. All others are
inside it.
"""

_driven: ContextVar[frozenset[Path]] = ContextVar("_driven", default=frozenset())
"""The databases of the runs, one inside the other, from whose steps this is called."""


@contextmanager
def driving(database: Path) -> Generator[None]:
    """Inside it, and in all that it starts in this process, a run of the database is driven."""
    token = _driven.set(_driven.get() | {_real(database)})
    try:
        yield
    finally:
        _driven.reset(token)


def refuse_below(database: Path, environment: Mapping[str, str], what: str) -> None:
    """Raises `Refused` if this process, or the step that calls, is below a run of the database.

    `what` completes the sentence "an agent may not ...".
    """
    if why := _why_below(database):
        raise Refused(
            f"an agent may not {what}: {why} of {database}",
            hint=(
                "only a person may do this: type the command in a terminal that no run has started"
            ),
        )
    if database.exists() and (mark := _mark_in(environment, database)):
        raise Refused(
            f"an agent may not {what}: the environment variable {mark} says that this"
            f" process was started by a run of {database}",
            hint="if no run has started it: unset SMITHERS_RUN SMITHERS_ATTEMPT",
        )


def _why_below(database: Path) -> str:
    """Why this process is below a run; empty if it is not, as far as can be seen."""
    real = _real(database)
    if any(_is_same(real, driven) for driven in _driven.get()):
        return "the call came from a step of a run"
    if not real.is_file() or real.stat().st_size == 0:
        return ""
    above = ancestors(os.getpid())
    named = ((pid, _other_name(pid, real)) for pid, _ in above)
    if found := next(((pid, name) for pid, name in named if name), None):
        return (
            f"process {found[0]}, an ancestor of this one, has the same file open as {found[1]}"
            " and drives a run"
        )
    return _run_above(real, above[1:])  # what this process drives itself is `_driven`


def _run_above(real: Path, above: Sequence[tuple[int, str]]) -> str:
    """Why one of these processes is a run's; empty if none is, as far as rows tell."""
    processes, rows = peek(
        real, lambda db: (db.execute(_PROCESSES).fetchall(), db.execute(_OWNERS).fetchall())
    )
    owners = [(str(run), Beat.of(tuple(row))) for run, *row in rows]
    runs = {(int(pid), str(started)): str(run) for pid, started, run in processes}
    for run, beat in owners:
        runs[beat.owner.pid, beat.owner.started] = run
        if has_init(beat.owner.pid) and (init := started_of(1)):
            runs[1, init] = run
    for one in above:
        if one in runs:
            return f"this process was started by run {runs[one]}"
    for run, beat in owners:
        if _is_outside(beat):
            return (
                f"this process is in a container, so it cannot be ruled out that run {run}"
                " started it"
            )
    return ""


def _other_name(pid: int, real: Path) -> str:
    """The other path by which a process has the file open; empty if there is none, or this user may
    not see it (Linux).

    SQLite finds the `-wal` by the name of the database, so by another name a reader misses rows.
    """
    folder = f"/proc/{pid}/fd"
    with suppress(OSError):
        wanted = real.stat()
        for number in os.listdir(folder):
            with suppress(OSError):
                if os.path.samestat(os.stat(f"{folder}/{number}"), wanted):
                    name = os.readlink(f"{folder}/{number}")
                    if name != str(real):
                        return name
    return ""


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


def _is_outside(beat: Beat) -> bool:
    """Whether a living owner is a process of the machine itself, while this one is in a pid
    namespace, from which the processes of the machine cannot be seen.
    """
    if sys.platform != "linux":
        return False
    boot, _, namespace = this_host().partition("/")
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
