"""`stop_if_same` ends a loop in which two iterations in a row have the same value."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Literal

import pytest

from smithers import Context, Loop, Node, NoInput, Step, Workflow, workflow
from smithers import Sequence as InOrder
from smithers.changes import ChoiceMade, Key
from tests.rules.resuming import check_every_crash, crashed
from tests.rules.runs import Run


def flow_of(
    values: Sequence[object],
    *,
    finish: bool = True,
    max_iterations: int = 6,
    called: Callable[[int], None] = lambda number: None,
    stops: bool = True,
) -> Workflow[NoInput, Any]:
    """A loop that comes to one value after the other."""
    how: Literal["fail", "finish"] = "finish" if finish else "fail"

    @workflow
    def flow(ctx: Context[NoInput]) -> Node[int]:
        count: Step[int] = Step(
            "count", lambda: 0 if (last := ctx.previous(count)) is None else last + 1
        )

        def value() -> object:
            called(ctx[count])
            return values[ctx[count]]

        loop = Loop(
            count,
            until=lambda: False,
            max_iterations=max_iterations,
            on_exhausted=how,
            stop_if_same=value if stops else None,
            result=count,
            id="loop",
        )
        return InOrder(loop, Step("after", lambda: 1), result=loop)

    return flow


@pytest.mark.parametrize(
    ("values", "last"),
    [
        ([1, 2, 2, 3], 2),
        ([1, 1, 2, 3], 1),
        ([1, 2, 1, 2, 1, 2], 5),
        ([1, True, 1.0, "1", None, [1]], 5),
        ([{"a": 1, "b": 2}, {"b": 2, "a": 1}], 1),
        ([1, 2, 3, 4, 5, 5], 5),
    ],
)
def test_a_loop_ends_after_an_iteration_with_the_value_of_the_one_before(
    values: list[object], last: int
) -> None:
    run = Run(flow_of(values))
    status = run.go()
    assert (status.status, status.output) == ("finished", str(last))
    assert run.state.choices[Key("loop"), "exhausted"].value == str(last + 1)
    assert run.starts[-1] == "after#1"


def test_it_fails_as_at_the_bound_and_a_resume_gives_it_another_iteration() -> None:
    values: list[object] = [1, 2, 2, 2, 5, 6]
    run = Run(flow_of(values, finish=False))
    assert run.go().status == "failed"
    error = run.state.ended[Key("loop")].error
    assert error is not None
    assert error.kind == "NoProgress"
    assert error.message == (
        "iteration 2 changed nothing: `stop_if_same` returned the same value as in iteration 1"
    )
    assert len(run.starts) == 3
    assert run.go().status == "failed"
    assert len(run.starts) == 4, "the iteration that the resume gave changed nothing either"
    values[4] = 4
    assert run.go().status == "failed"
    error = run.state.ended[Key("loop")].error
    assert error is not None
    assert error.kind == "LoopExhausted"
    assert len(run.starts) == 6


def test_a_file_that_lets_it_finish_ends_it_where_it_is() -> None:
    run = Run(flow_of([1, 1, 2], finish=False))
    assert run.go().status == "failed"
    run.workflow, run.edited = flow_of([1, 1, 2], finish=True), True
    assert run.go().output == "1"
    assert run.starts == ["count[0]#1", "count[1]#1", "after#1"]


@pytest.mark.parametrize("finish", [True, False])
def test_a_crash_at_any_frame_ends_the_same(finish: bool) -> None:
    state = check_every_crash(lambda: flow_of([1, 2, 2], finish=finish))
    assert state.run_status == ("finished" if finish else "failed")


def test_a_crash_never_asks_again_for_a_value_that_is_written() -> None:
    calls: list[int] = []
    whole = Run(flow_of([1, 2, 2], called=calls.append))
    assert whole.go().status == "finished"
    assert calls == [0, 1, 2]
    for k in range(1, len(whole.watch.frames) + 1):
        run = crashed(whole, k, flow_of([1, 2, 2], called=calls.append))
        known = sum(kind == "same" for _, kind in run.state.choices)
        calls.clear()
        if run.state.run_status == "running":
            run.go()
        assert calls == [0, 1, 2][known:]


def test_an_edit_that_adds_it_compares_from_then_on() -> None:
    run = Run(flow_of([1, 1, 1, 1, 5, 6], stops=False, finish=False, max_iterations=2))
    assert run.go().status == "failed"
    run.workflow, run.edited = flow_of([1, 1, 1, 1, 5, 6]), True
    assert run.go().output == "3", "the values of iterations before the edit are not known"


def test_a_value_that_raises_fails_the_loop_and_a_resume_asks_again() -> None:
    values: list[object] = [1]
    run = Run(flow_of(values))
    assert run.go().status == "failed"
    error = run.state.ended[Key("loop")].error
    assert error is not None
    assert (error.kind, (error.place or "").startswith(__file__)) == ("IndexError", True)
    values += [2, 2]
    assert run.go().output == "2"
    assert len(run.starts) == 4
    changes = (change for frame in run.watch.frames for change in frame.changes)
    untils = [one for one in changes if isinstance(one, ChoiceMade) and one.kind == "until"]
    assert len(untils) == 3


def test_a_value_that_cannot_be_stored_fails_the_loop() -> None:
    run = Run(flow_of([object()]))
    assert asyncio.run(run.drive()).status.status == "failed"
    error = run.state.ended[Key("loop")].error
    assert error is not None
    assert "the value of the stop_if_same of this loop cannot be stored" in error.message
