"""With `on_failure="continue"`, a container ends at its failure and fails nothing around it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

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
from smithers.changes import AttemptStarted, Key
from tests.rules.resuming import check_every_crash
from tests.rules.runs import Run


def boom() -> str:
    raise ValueError("boom")


def never() -> bool:
    raise ValueError("no answer")


def no_items() -> list[str]:
    raise ValueError("no items")


def body() -> tuple[Node[Any], ...]:
    return Step("before", lambda: 1), Step("bad", boom), Step("after", lambda: 2)


CONTAINERS: dict[str, Callable[[], Node[Any]]] = {
    "sequence": lambda: Sequence(*body(), on_failure="continue"),
    "parallel": lambda: Parallel(*body(), on_failure="continue"),
    "branch": lambda: Branch(lambda: True, Sequence(*body()), on_failure="continue"),
    "loop": lambda: Loop(*body(), until=never, max_iterations=2, on_failure="continue"),
    "foreach": lambda: ForEach(
        ["only"], key=str, each=lambda _: Sequence(*body()), on_failure="continue"
    ),
    "nested": lambda: Sequence(Parallel(Sequence(*body())), on_failure="continue"),
}


def flow_of(make: Callable[[], Node[Any]], *, last: Callable[[], str]) -> Workflow[NoInput, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Sequence(make(), Step("last", last))

    return flow


def started(run: Run) -> list[str]:
    changes = (change for frame in run.watch.frames for change in frame.changes)
    return [change.key.id for change in changes if isinstance(change, AttemptStarted)]


@pytest.mark.parametrize("kind", CONTAINERS)
def test_a_tolerated_failure_ends_its_container_and_what_follows_runs(kind: str) -> None:
    run = Run(flow_of(CONTAINERS[kind], last=lambda: "done"))
    ending = asyncio.run(run.drive())
    assert (ending.status.status, ending.tolerated) == ("finished", True)
    after = "finished" if kind == "parallel" else "cancelled"
    assert run.state.ended[Key("after", (0,) if kind == "loop" else ())].outcome == after
    assert started(run)[-1] == "last"
    tolerant = next(row.id for row in run.state.nodes.values() if row.place == 0 and row.parent)
    assert run.state.ends[Key(tolerant)].outcome == "finished"


@pytest.mark.parametrize("kind", CONTAINERS)
def test_a_resume_does_not_run_again_what_was_tolerated(kind: str) -> None:
    fails = [True]

    def last() -> str:
        return boom() if fails else "done"

    run = Run(flow_of(CONTAINERS[kind], last=last))
    assert run.go().status == "failed"
    before = len(started(run))
    fails.clear()
    assert run.go().status == "finished"
    assert started(run)[before:] == ["last"]


@pytest.mark.parametrize("kind", CONTAINERS)
def test_a_crash_at_any_frame_ends_the_same(kind: str) -> None:
    state = check_every_crash(lambda: flow_of(CONTAINERS[kind], last=lambda: "done"))
    assert state.run_status == "finished"


@pytest.mark.parametrize(
    "make",
    [
        lambda: Branch(never, Step("a", boom), on_failure="continue"),
        lambda: Loop(Step("a", lambda: 1), until=never, max_iterations=2, on_failure="continue"),
        lambda: Loop(
            Step("a", lambda: 1), until=lambda: False, max_iterations=1, on_failure="continue"
        ),
        lambda: ForEach(no_items, key=str, each=lambda _: Step("a", boom), on_failure="continue"),
    ],
    ids=["test", "until", "exhausted", "items"],
)
def test_the_own_failure_of_a_container_is_tolerated_as_well(make: Callable[[], Node]) -> None:
    run = Run(flow_of(make, last=lambda: "done"))
    ending = asyncio.run(run.drive())
    assert (ending.status.status, ending.tolerated) == ("finished", True)
    assert started(run)[-1] == "last"


def test_a_failure_that_an_edit_leaves_to_nobody_is_run_again() -> None:
    fails = [True]

    def work() -> str:
        return boom() if fails else "done"

    def flow(*, tolerant: bool) -> Workflow[NoInput, Any]:
        on_failure: Any = "continue" if tolerant else "fail"
        return flow_of(lambda: Step("a", work, on_failure=on_failure), last=work)

    run = Run(flow(tolerant=True))
    assert run.go().status == "failed"
    fails.clear()
    run.workflow = flow(tolerant=False)
    assert run.go().status == "finished"
    assert started(run) == ["a", "last", "a", "last"]
