"""Runs whose structure reads state: renders in the middle, on the real engine, and crashes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smithers import NoInput, Workflow
from smithers.changes import AttemptStarted, Frame, Key, NodeGone, StatusChanged
from smithers.state import RunState
from tests.engine.runs import Run
from tests.properties.fates import Fates
from tests.properties.growing import (
    FANS,
    GROWTHS,
    Fan,
    Growth,
    flow_of_fan,
    flow_of_shape,
    growing_trees,
    grown,
)
from tests.properties.judging import Made
from tests.properties.order import Order
from tests.properties.test_runs import CONCURRENCY, ends, flow_of, running
from tests.properties.trees import Shape

FATES = st.builds(Fates, seed=st.integers(0, 1 << 20), failing=st.sampled_from([0, 0, 10]))
CRASHES = st.floats(0, 1, exclude_max=True)


def crashed(flow: Workflow[NoInput, Any], whole: Run, concurrency: int, where: float) -> Run | None:
    """The same run, with a crash after a part of its frames; None if there is no frame to lose."""
    left = whole.watch.frames[: 1 + int(where * (len(whole.watch.frames) - 1))]
    state = RunState.of(left)
    if state.run_status != "running":
        return None
    run = running(flow, concurrency, left)
    ends(run)
    again = {one.key for one in starts(run.watch.frames[len(left) :])}
    assert again.isdisjoint(state.ended)
    return run


def starts(frames: Sequence[Frame]) -> list[AttemptStarted]:
    changes = [change for frame in frames for change in frame.changes]
    return [change for change in changes if isinstance(change, AttemptStarted)]


def check_status(status: StatusChanged, frames: Sequence[Frame], fates: Fates) -> None:
    """Where no step fails, a run ends well, or says what its author must not do: to add to what has
    finished, to bring back what was cancelled when it left the tree, or to put elsewhere what a
    `then` has given, which stays.
    """
    if status.status == "finished" or fates.failing:
        assert status.status in ("finished", "failed")
        return
    assert status.error is not None
    changes = [change for frame in frames for change in frame.changes]
    left = {change.id for change in changes if isinstance(change, NodeGone)}
    may = status.error.kind == "LoopExhausted" or any(
        said in status.error.message for said in ("which has finished", "is used twice")
    )
    assert may or status.error.message in {f"{id} was cancelled" for id in left}, status.error


@given(growing_trees(), GROWTHS, FATES, CONCURRENCY, CRASHES)
@settings(max_examples=settings().max_examples // 2)
def test_a_tree_that_grows_by_what_it_reads_ends_and_repeats_nothing(
    shape: Shape, growths: list[Growth], fates: Fates, concurrency: int, where: float
) -> None:
    flow = flow_of_shape(shape, growths, fates)
    whole = running(flow, concurrency)
    ends(whole)
    for run in (whole, crashed(flow, whole, concurrency, where)):
        if run is not None:
            check_status(run.state.status, run.watch.frames, fates)
            check_order(run.watch.frames, shape, growths, fates)


def check_order(
    frames: Sequence[Frame], shape: Shape, growths: Sequence[Growth], fates: Fates
) -> None:
    """What starts in a frame comes after all that stands before it in the tree of that frame."""
    state = RunState()
    for frame in frames:
        state.apply_frame(frame)
        there = {key.id for key, end in state.ended.items() if end.outcome == "finished"}
        now = grown(shape, growths, there.__contains__)
        made = Made(flow_of(now, fates))
        order = Order(state, made.expanding(state))
        for one in starts([frame]):
            definition = order.find(one.key, made.root)
            assert definition is not None, one
            order.check(definition, one.key.path)
            for depth, loop in enumerate(definition.loops):
                iteration = Key(loop, one.key.path[: depth + 1])
                assert (iteration, "until") not in state.choices, f"{one.key} is over"


def expected(fan: Fan) -> set[str]:
    """The tasks of the tree at the end."""
    found = {"outside", *(["more"] if fan.root_reads else [])}
    for item in range(fan.count):
        found |= {f"own {item}", f"hold {item}"}
        for number, (_, what) in enumerate(fan.reads):
            if what in ("step", "branch", "before", "flow"):
                found.add(f"{what}{number} {item}")
    return found


@pytest.mark.long
@given(FANS, CONCURRENCY, CRASHES)
@settings(max_examples=settings().max_examples // 2)
def test_items_that_read_end_with_the_tree_that_they_ask_for(
    fan: Fan, concurrency: int, where: float
) -> None:
    flow = flow_of_fan(fan)
    whole = running(flow, concurrency)
    ends(whole)
    for run in (whole, crashed(flow, whole, concurrency, where)):
        if run is None:
            continue
        assert run.state.run_status == "finished"
        assert {key.id for key in run.state.ended} == expected(fan)
        assert {end.outcome for end in run.state.ended.values()} == {"finished"}
