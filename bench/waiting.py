"""Runs that wait for a person: `python -m bench.waiting N FOLDER`.

Starts N runs, each of which is left as its rows. Then tells how many processes still bear the mark
of this one, and how many handles on the store are open anywhere.
"""

from __future__ import annotations

import os
import sys
import uuid
from contextlib import suppress
from pathlib import Path

import psutil

from bench.driving import drive, emit, store
from smithers import Approval, Context, Node, NoInput, workflow

__all__ = ["MARK", "handles", "marked"]

MARK = "SMITHERS_BENCH"


@workflow
def waits(ctx: Context[NoInput]) -> Node:
    return Approval("ship", ask="Ship it?")


def marked(mark: str) -> int:
    """The processes, but for this one, whose environment bears the mark."""
    found = 0
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            found += process.pid != os.getpid() and process.environ().get(MARK) == mark
    return found


def handles(folder: Path) -> int:
    """The files below it that are open in any process that we may look into."""
    found = 0
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            found += sum(Path(one.path).is_relative_to(folder) for one in process.open_files())
    return found


def main(count: str, where: str) -> None:
    os.environ[MARK] = mark = uuid.uuid4().hex  # children inherit it
    database = store(Path(where), "run")
    for number in range(int(count)):
        left, _, _ = drive(__file__, "waits", database, {}, run_id=f"run-{number}")
        assert left.status == "waiting", left
    emit(processes=marked(mark), handles=handles(database.parent))


if __name__ == "__main__":
    main(*sys.argv[1:])
