"""A circle of waits fails the run, and the error names each edge of it and its place."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from smithers import (
    Branch,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Workflow,
    workflow,
)
from smithers.errors import AuthorError
from tests.engine.runs import Run

Tree = Callable[[Context[NoInput]], Node[Any]]


def circle(tree: Tree) -> list[str]:
    """The edges that the error names, each without its place, which must be a line of this file."""

    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return tree(ctx)

    said, *edges = _refused(flow).splitlines()
    assert said.endswith("these nodes wait for each other in a circle:")
    place = rf" at {re.escape(__file__)}:\d+:\d+ "
    assert all(re.search(place, edge) for edge in edges)
    return [re.sub(place, " ", edge.strip()) for edge in edges]


def _refused(flow: Workflow[NoInput, Any]) -> str:
    run = Run(flow)
    try:
        ended = run.go()
    except AuthorError as error:
        return error.said
    finally:
        shutil.rmtree(run.folder, ignore_errors=True)
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error.kind == "AuthorError"
    assert Path(ended.error.place or "").suffix
    return ended.error.message


def test_two_that_read_each_other() -> None:
    def tree(ctx: Context[NoInput]) -> Node[Any]:
        def read_b() -> int:
            return ctx[b]

        a: Step[int] = Step("a", read_b)
        b: Step[int] = Step("b", lambda: ctx[a])
        return Parallel(a, b)

    assert circle(tree) == ["a waits for the output of b", "b waits for the output of a"]


def test_one_that_reads_what_stands_after_it() -> None:
    def tree(ctx: Context[NoInput]) -> Node[Any]:
        b = Step("b", lambda: 1)
        a = Step("a", lambda: ctx[b])
        return Sequence(a, b)

    assert circle(tree) == ["a waits for the output of b", "b comes after a"]


def test_one_that_reads_what_stands_deep_in_something_after_it() -> None:
    def tree(ctx: Context[NoInput]) -> Node[Any]:
        b = Step("b", lambda: 1)
        a = Step("a", lambda: ctx[b])
        return Sequence(a, Parallel(Step("c", lambda: 1), Sequence(b)))

    assert circle(tree) == [
        "a waits for the output of b, which is inside the parallel",
        "the parallel comes after a",
    ]


def test_two_rows_that_read_each_other_crosswise() -> None:
    def tree(ctx: Context[NoInput]) -> Node[Any]:
        b, d = Step("b", lambda: 1), Step("d", lambda: 1)
        a, c = Step("a", lambda: ctx[d]), Step("c", lambda: ctx[b])
        return Parallel(Sequence(a, b), Sequence(c, d))

    assert circle(tree) == [
        "a waits for the output of d",
        "d comes after c",
        "c waits for the output of b",
        "b comes after a",
    ]


def test_a_second_task_that_reads_what_waits_for_its_slot() -> None:
    def tree(ctx: Context[NoInput]) -> Node[Any]:
        b = Step("b", lambda: 1)
        a = Sequence(Step("a1", lambda: 1), Step("a2", lambda: ctx[b]))
        return Parallel(a, b, limit=1)

    assert circle(tree) == [
        "a2 waits for the output of b",
        "b waits for the slot in the parallel that the sequence holds",
        "the sequence ends with a2",
    ]


def test_a_slot_of_a_group_further_up() -> None:
    def tree(ctx: Context[NoInput]) -> Node[Any]:
        b = Step("b", lambda: 1)
        a = Sequence(Step("a1", lambda: 1), Step("a2", lambda: ctx[b]))
        return Parallel(a, Parallel(Sequence(b), limit=2), limit=1)

    assert "b waits for the slot in the parallel that the sequence holds" in circle(tree)


def test_a_need_and_a_read() -> None:
    def tree(ctx: Context[NoInput]) -> Node[Any]:
        def read_b() -> int:
            return ctx[b]

        a: Step[int] = Step("a", read_b)
        b: Step[int] = Step("b", lambda: 1, needs=[a])
        return Parallel(a, b)

    assert circle(tree) == ["a waits for the output of b", "b needs a"]


def test_needs_alone_are_refused_before_anything_runs() -> None:
    def tree(ctx: Context[NoInput]) -> Node[Any]:
        a = Step("a", lambda: 1, needs=["b"])
        return Parallel(a, Step("b", lambda: 1, needs=[a]))

    assert circle(tree) == ["'a' needs 'b'", "'b' needs 'a'"]


def test_a_need_of_what_stands_after_it() -> None:
    def tree(ctx: Context[NoInput]) -> Node[Any]:
        return Sequence(Step("a", lambda: 1, needs=["b"]), Step("b", lambda: 1))

    assert circle(tree) == ["'a' needs 'b'", "'b' comes after 'a'"]


def test_an_until_that_reads_what_stands_after_its_loop() -> None:
    def tree(ctx: Context[NoInput]) -> Node[Any]:
        b = Step("b", lambda: True)
        until = lambda: ctx[b]  # noqa: E731
        return Sequence(Loop(Step("a", lambda: 1), until=until, max_iterations=2, id="l"), b)

    assert circle(tree) == [
        "l[0] waits for the output of b",
        "b comes after l",
        "l ends with l[0]",
    ]


def test_a_test_that_reads_its_own_arm() -> None:
    def tree(ctx: Context[NoInput]) -> Node[Any]:
        a = Step("a", lambda: True)
        return Branch(lambda: ctx[a], a, id="which")

    assert circle(tree) == ["which waits for the output of a, which is inside which"]


def test_items_that_read_what_stands_after_their_fan_out() -> None:
    def tree(ctx: Context[NoInput]) -> Node[Any]:
        names = Step("names", lambda: ["x"])
        every = ForEach(
            lambda: ctx[names], key=str, each=lambda x: Step(x, lambda: None), id="every"
        )
        return Sequence(every, Loop(names, until=lambda: True, max_iterations=1, id="l"))

    assert circle(tree) == ["every waits for the output of l", "l comes after every"]


def test_a_read_of_a_later_task_of_the_same_iteration() -> None:
    def tree(ctx: Context[NoInput]) -> Node[Any]:
        b = Step("b", lambda: 1)
        a = Step("a", lambda: ctx[b])
        return Loop(Parallel(Sequence(a)), b, until=lambda: True, max_iterations=2, id="l")

    assert circle(tree)[:1] == ["a[0] waits for the output of b[0]"]
    assert "b[0] comes after the parallel in l[0]" in circle(tree)


def test_a_group_that_holds_its_slot_and_reads_what_waits_for_it() -> None:
    def tree(ctx: Context[NoInput]) -> Node[Any]:
        b = Step("b", lambda: 1)
        a = Step("a", lambda: ctx[b])
        return Parallel(a, Parallel(b, Step("c", lambda: ctx[a])), limit=1)

    assert circle(tree) == [
        "c waits for the output of a",
        "a waits for the slot in the parallel that the parallel holds",
        "the parallel ends with c",
    ]


def test_a_wait_for_a_slot_that_comes_free_is_no_circle() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        b = Step("b", lambda: 1)
        return Parallel(Step("a", lambda: ctx[b]), Sequence(b), limit=1)

    run = Run(flow)
    assert run.go().status == "finished"
    shutil.rmtree(run.folder, ignore_errors=True)
