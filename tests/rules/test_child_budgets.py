"""Budgets around child runs that continue as others, or start at the same moment."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel

from harnesses import Echo
from smithers import (
    Budget,
    Context,
    ContinueAsNew,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Subflow,
    Task,
    Workflow,
    workflow,
)
from tests.rules.runs import Run
from tests.rules.test_subflows import calls_of, child, ids


class Round(BaseModel):
    number: int = 1


@workflow(input=Round)
def rounds(ctx: Context[Round]) -> Node:
    asked = Task("ask", agent=Echo(), prompt="p")
    if ctx.input.number == 4:
        return asked
    return Sequence(asked, ContinueAsNew(Round(number=ctx.input.number + 1)))


@workflow(input=Round)
def four(ctx: Context[Round]) -> Node:
    return Parallel(*(Task(f"t{n}", agent=Echo(), prompt="p") for n in range(4)))


def capped(
    calls: int, part: Workflow[Round, Any], on_exhausted: Literal["wait", "fail"] = "wait"
) -> Workflow[NoInput, Any]:
    @workflow
    def whole(ctx: Context[NoInput]) -> Node:
        budget = Budget(calls=calls, on_exhausted=on_exhausted)
        parts = Sequence(Subflow("part", part, input=Round()), budget=budget, id="parts")
        return Sequence(parts, Step("last", lambda: 1))

    return whole


def test_a_child_that_continues_counts_for_the_budgets_around_its_node() -> None:
    run = Run(capped(2, rounds))
    assert run.go().status == "waiting"
    assert (calls_of(run), run.state.usage.calls) == (2, 2)
    run.raise_budget("parts", calls=2)
    assert run.go().status == "finished"
    assert (calls_of(run), run.state.usage.calls) == (4, 4)
    assert ids(run) == ["r1", "r1.part", "r1.part-2", "r1.part-3", "r1.part-4"]


def test_a_spent_budget_that_fails_does_so_in_a_child_that_continues() -> None:
    run = Run(capped(2, rounds, "fail"))
    assert run.go().status == "failed"
    assert calls_of(run) == 2


@pytest.mark.parametrize("frames", range(1, 9))
def test_wherever_its_owner_dies_a_child_that_continues_is_counted(frames: int) -> None:
    run = Run(capped(3, rounds))
    run.go_frames(frames)
    assert run.go().status == "waiting"
    counted = {one.agent for one in run.state.attempts.values()}
    assert counted == {"r1.part", "r1.part-2", "r1.part-3"}
    assert (calls_of(run), run.state.usage.calls) == (3, 3)


def test_what_parallel_children_are_about_to_start_counts() -> None:
    @workflow(budget=Budget(calls=3))
    def whole(ctx: Context[NoInput]) -> Node:
        return Parallel(*(Subflow(f"m{n}", four, input=Round()) for n in range(3)))

    run = Run(whole)
    assert run.go().status == "waiting"
    assert calls_of(run) == 3
    assert sum(one.used is not None for one in child(run, "r1.m0").attempts.values()) == 3


def test_what_children_of_children_are_about_to_start_counts() -> None:
    @workflow(input=Round)
    def two(ctx: Context[Round]) -> Node:
        return Parallel(*(Subflow(f"n{n}", four, input=Round()) for n in range(2)))

    @workflow(budget=Budget(calls=3))
    def whole(ctx: Context[NoInput]) -> Node:
        return Parallel(*(Subflow(f"m{n}", two, input=Round()) for n in range(2)))

    run = Run(whole)
    assert run.go().status == "waiting"
    agents = [
        one
        for id in ids(run)
        for one in child(run, id).attempts.values()
        if one.agent not in ids(run)
    ]
    assert len(agents) == 3
