"""What a run asks of its database: `python -m bench.statements SHAPE N FOLDER`.

SHAPE is that of `bench.steps`, or outputs: N steps with an output of 10 KB, each of which the step
after it reads. Tells the SQL statements, the commits, and the round trips without a commit (each
transaction that reads and writes nothing, and each read outside of a transaction), less one each
250 ms. What opens a file and what copies the WAL home is no round trip: nobody waits for it.
"""

from __future__ import annotations

import re
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pydantic import BaseModel

from bench import steps
from bench.driving import drive, emit, store
from smithers import Context, Node, Sequence, Step, workflow

__all__ = ["Statements", "counted"]

_READS = re.compile(
    r"\s*(SELECT(?! 1 FROM sqlite_schema)|WITH|PRAGMA data_version)\b", re.IGNORECASE
)
_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER)\b", re.IGNORECASE)
_PERIOD_S = 0.25
_BYTES = 10_000


class Statements:
    """Counts what SQLite is given, by all connections of this process that are opened meanwhile;
    `all` without what an owner does by the clock: heartbeats, and looks for what others wrote.
    """

    def __init__(self) -> None:
        self.all = self.commits = self.others = 0
        self._lock = threading.Lock()

    def watch(self, db: sqlite3.Connection) -> None:
        """Count what this connection is given from now on."""
        inside: set[str] | None = None
        """What its transaction has done; None outside of one."""

        def see(statement: str) -> None:
            nonlocal inside
            if statement.startswith("--"):  # what a trigger does
                return
            word = statement.split(maxsplit=1)[0].upper()
            with self._lock:
                if statement.startswith("INSERT INTO owners"):  # a heartbeat, by the clock
                    self.all -= 2  # with what begins and ends its transaction
                elif statement != "PRAGMA data_version":
                    self.all += 1
                if word == "BEGIN":
                    inside = set()
                elif word in ("COMMIT", "ROLLBACK"):
                    self._count(inside or set())
                    inside = None
                else:
                    does = {"write"} if _WRITES.match(statement) else set[str]()
                    does |= {"read"} if _READS.match(statement) else set()
                    if inside is None:
                        self._count(does)
                    else:
                        inside |= does

        db.set_trace_callback(see)

    def _count(self, done: set[str]) -> None:
        self.commits += "write" in done
        self.others += done == {"read"}


@contextmanager
def counted() -> Generator[Statements]:
    """Count what connections are given that are opened in the block, in any thread."""
    counts, connect = Statements(), sqlite3.connect

    def watched(*arguments: Any, **named: Any) -> sqlite3.Connection:
        db: sqlite3.Connection = connect(*arguments, **named)
        counts.watch(db)
        return db

    with patch.object(sqlite3, "connect", watched):
        yield counts


class Size(BaseModel):
    count: int


@workflow(input=Size)
def outputs(ctx: Context[Size]) -> Node:
    def after(before: Step[str] | None) -> Callable[[], str]:
        return lambda: "x" * _BYTES if before is None else ctx[before]

    made: list[Step[str]] = []
    for number in range(ctx.input.count):
        made.append(Step(f"step {number}", after(made[-1] if made else None), output=str))
    return Sequence(*made)


def main(shape: str, count: str, where: str) -> None:
    folder, number = Path(where), int(count)
    before = time.monotonic()
    with counted() as found:
        if shape == "outputs":
            left, _, watch = drive(__file__, "outputs", store(folder, "run"), {"count": number})
        else:
            given: dict[str, object] = {"shape": shape, "kind": "async", "count": number}
            left, _, watch = drive(steps.__file__, "steps", store(folder, "run"), given)
    assert left.status == "finished", left
    others = found.others - int((time.monotonic() - before) / _PERIOD_S)
    emit(statements=found.all, commits=found.commits, others=others, frames=watch.frames)


if __name__ == "__main__":
    main(*sys.argv[1:])
