"""Version 6 has a row for each end of a container; runs of earlier versions get theirs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from smithers import (
    Approval,
    Branch,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    workflow,
)
from smithers.changes import Key
from smithers.store.migrations import migrate, published
from smithers.store.rows import path_of, rows_of, write
from smithers.store.version_6 import fill_ends
from tests.engine.runs import Run

Make = Callable[[Context[NoInput]], Node[Any]]
Ends = dict[Key, tuple[str, int]]


def boom() -> str:
    raise ValueError("boom")


def works(id: str) -> Step[str]:
    return Step(id, lambda: id)


def nested(ctx: Context[NoInput]) -> Node[Any]:
    inner = Loop(works("inner"), until=lambda: True, max_iterations=2, id="inside")
    outer = Loop(
        inner,
        works("outer"),
        until=lambda: False,
        max_iterations=2,
        on_exhausted="finish",
        id="outside",
    )
    arms = Branch(lambda: True, works("yes"), Sequence(works("no"), works("no 2")), id="branch")
    empty = ForEach([], key=str, each=works, allow_empty=True, id="empty")
    each = ForEach(["x", "y"], key=str, each=lambda x: Parallel(works(x)), id="each")
    return Sequence(outer, arms, Parallel(empty), each)


def fails(ctx: Context[NoInput]) -> Node[Any]:
    loop = Loop(works("a"), Step("bad", boom), until=lambda: True, max_iterations=2, id="loop")
    both = Parallel(loop, Sequence(works("b"), works("c")))
    return Sequence(both, Branch(lambda: True, works("d"), id="branch"), Sequence(works("e")))


def exhausted(ctx: Context[NoInput]) -> Node[Any]:
    loop = Loop(works("a"), until=lambda: False, max_iterations=2, id="loop")
    return Sequence(Sequence(works("b")), loop, Parallel(works("c")))


def waits(ctx: Context[NoInput]) -> Node[Any]:
    loop = Loop(works("a"), Approval("ask", ask="?"), until=lambda: True, max_iterations=2, id="l")
    return Sequence(Parallel(works("b"), loop), Sequence(works("c")))


def waits_for_until(ctx: Context[NoInput]) -> Node[Any]:
    ask = Approval("ask", ask="?")
    until = lambda: ctx[ask].approved  # noqa: E731
    loop = Loop(Sequence(works("a")), until=until, max_iterations=2, id="loop")
    return Parallel(loop, Sequence(ask, works("b")))


def tolerates(ctx: Context[NoInput]) -> Node[Any]:
    def item(name: str) -> Node[Any]:
        first = Step(name, boom) if name == "bad" else works(name)
        return Sequence(first, works(f"{name} 2"))

    each = ForEach(["good", "bad"], key=str, each=item, on_failure="continue", id="each")
    loop = Loop(works("a"), until=lambda: False, max_iterations=1, id="loop")
    loops = ForEach(["x"], key=str, each=lambda x: loop, on_failure="continue", id="loops")
    none = Branch(lambda: False, works("never"), id="without arm")
    return Sequence(Sequence(Step("own", boom, on_failure="continue")), each, loops, none)


def by_the_owner(run: Run) -> Ends:
    return {key: (end.outcome, end.frame) for key, end in run.state.ends.items()}


def by_the_migration(run: Run) -> Ends:
    """The ends that a file of an earlier version gets, which has all other rows of the run."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        migrate(db, 0, published())
        for frame in run.watch.frames:
            write(db, rows_of("r1", frame))
        db.execute("DELETE FROM ends")
        fill_ends(db)
        rows = db.execute("SELECT node, path, state, born, gone FROM ends").fetchall()
    assert all(gone is None for *_, gone in rows)
    return {Key(node, path_of(path)): (state, born) for node, path, state, born, _ in rows}


def ran(make: Make, status: str) -> Run:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return make(ctx)

    run = Run(flow)
    assert run.go().status == status
    return run


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (nested, "finished"),
        (fails, "failed"),
        (exhausted, "failed"),
        (waits, "waiting"),
        (waits_for_until, "waiting"),
    ],
)
def test_a_run_gets_the_ends_that_its_owner_would_have_written(make: Make, status: str) -> None:
    run = ran(make, status)
    assert by_the_migration(run) == by_the_owner(run)


def test_in_a_run_that_finished_what_its_rows_do_not_tell_counts_as_allowed() -> None:
    run = ran(tolerates, "finished")
    found, right = by_the_migration(run), by_the_owner(run)
    assert found.keys() == right.keys()
    assert found[Key("sequence")] == right[Key("sequence")]
    assert found[Key("loop")][0] == right[Key("loop")][0] == "failed"
    others = {key.id: end[0] for key, end in found.items() if end != right[key]}
    assert others == {"each/bad": "finished", "without arm": "skipped"}
    assert right[Key("each/bad")][0] == "failed"
    assert right[Key("without arm")][0] == "finished"
