"""Runs that wait: `python -m bench.waiting N [KIND…] FOLDER`.

Starts N runs, each of which is left as its rows: for a decision, or for each KIND of wait in turn.
Then tells how many processes still bear the mark of this one, and how many handles on the store are
open anywhere.
"""

from __future__ import annotations

import itertools
import os
import sys
import uuid
from contextlib import suppress
from pathlib import Path

import psutil

from bench.driving import drive, emit, store
from smithers import Approval, Context, HumanTask, Node, NoInput, Subflow, Timer, workflow

__all__ = ["MARK", "handles", "marked"]

MARK = "SMITHERS_BENCH"


@workflow
def approval(ctx: Context[NoInput]) -> Node:
    return Approval("ship", ask="Ship it?")


@workflow
def human(ctx: Context[NoInput]) -> Node:
    return HumanTask("colour", ask="Which colour?", choices=["blue", "green"])


@workflow
def timer(ctx: Context[NoInput]) -> Node:
    return Timer("later", seconds=3 * 24 * 3600)


@workflow
def child(ctx: Context[NoInput]) -> Node:
    return Subflow("below", approval)


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


def main(count: str, *kinds_and_folder: str) -> None:
    *kinds, where = kinds_and_folder
    os.environ[MARK] = mark = uuid.uuid4().hex  # children inherit it
    database = store(Path(where), "run")
    flows = itertools.cycle(kinds or ("approval",))
    for number, name in zip(range(int(count)), flows, strict=False):
        left, _, _ = drive(__file__, name, database, {}, run_id=f"run-{number}")
        assert left.status == "waiting", left
    processes, files = marked(mark), handles(database.parent)
    emit(processes=processes, handles=files, left=processes + files)


if __name__ == "__main__":
    main(*sys.argv[1:])
