"""What runs below a run may look at it, and change nothing of it or beside it in its database.

Agents read hostile text, so what a person decides (approvals, budgets, what is started, cancelled
or said to an agent) is not theirs to decide: not by the command line, over MCP or by `Hub`, and not
from a program that they start. Recorded processes and ancestry decide: whoever stands below a
process that drives a run of this database, below a recorded process of an attempt, or below a
terminal that `attach` opened. Marks in the environment only add to that. Another database is free.

What remains: whoever runs as the same user can write the file itself, and can have something
started by a service that stands below nobody (tmux, at, cron).
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from smithers.engine.launching import ATTEMPT, RUN, RUN_DATABASE
from smithers.engine.processes import ancestors
from smithers.errors import Refused
from smithers.store.looking import looking

__all__ = ["driving", "refuse_below"]

_PROCESSES = (
    "SELECT pid, started FROM processes"
    " UNION SELECT o.pid, o.started FROM owners o"
    " WHERE EXISTS (SELECT 1 FROM runs r WHERE r.owner = o.owner) AND o.pid <> ?1"
    " UNION SELECT CAST(json_extract(w.waits_on, '$[2]') AS INTEGER),"
    " json_extract(w.waits_on, '$[3]') FROM waits w"
    " WHERE w.kind = 'attached' AND w.ended IS NULL"
    " AND CAST(json_extract(w.waits_on, '$[2]') AS INTEGER) <> ?1"
    " AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.run_id = w.run_id AND i.kind = 'release'"
    " AND json_extract(i.body, '$.id') = json_extract(w.waits_on, '$[0]'))"
)
"""Everything that a run of the database has started, that drives one, or through which a person is
in a session; but for process ?1, and for a person who has left, since nothing of their terminal
is alive then.
"""

_driven: ContextVar[Path | None] = ContextVar("_driven", default=None)


@contextmanager
def driving(database: Path) -> Generator[None]:
    """Inside it, and in all that it starts in this process, a run of the database is driven."""
    token = _driven.set(_real(database))
    try:
        yield
    finally:
        _driven.reset(token)


def refuse_below(database: Path, environment: Mapping[str, str], what: str) -> None:
    """Raises `Refused` if this process, or the step that calls, stands below a run of the database.

    `what` completes the sentence "an agent may not ...".
    """
    if _stands_below(database, environment):
        raise Refused(
            f"an agent may not {what}: this process was started by a run of {database}",
            hint="this is for a person: type it in a terminal that no run has started",
        )


def _stands_below(database: Path, environment: Mapping[str, str]) -> bool:
    real = _real(database)
    if _driven.get() == real:
        return True
    if not real.is_file() or real.stat().st_size == 0:
        return False
    if _is_marked(real, environment):
        return True
    with looking(real) as db:
        rows = db.execute(_PROCESSES, (os.getpid(),)).fetchall()
    recorded = {(int(pid), str(started)) for pid, started in rows}
    return bool(recorded) and not recorded.isdisjoint(ancestors(os.getpid()))


def _is_marked(database: Path, environment: Mapping[str, str]) -> bool:
    """Whether the environment says that a run of this database has started this process; a mark
    that names no database may mean any.
    """
    named = environment.get(RUN_DATABASE)
    return (ATTEMPT in environment or RUN in environment) and named in (None, str(database))


def _real(database: Path) -> Path:
    return Path(os.path.realpath(database))
