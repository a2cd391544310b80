"""A run that continues as a new one ends, and exactly one run begins with it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from smithers import (
    Context,
    ContinueAsNew,
    Node,
    NoInput,
    Sequence,
    Step,
    Subflow,
    Workflow,
    workflow,
)
from smithers.engine.endings import next_id
from smithers.errors import AuthorError
from smithers.hub import Hub
from tests.rules.runs import Run
from tests.rules.test_subflows import child, ids


class Round(BaseModel):
    number: int = 1


def counting(log: list[int], last: int = 3) -> Workflow[Round, object]:
    @workflow(input=Round)
    def rounds(ctx: Context[Round]) -> Node:
        number = ctx.input.number
        worked: Step[None] = Step("work", lambda: log.append(number))
        if number == last:
            return Sequence(worked)
        return Sequence(worked, ContinueAsNew(lambda: Round(number=number + 1)))

    return rounds


def holding(rounds: Workflow[Round, object]) -> Workflow[NoInput, object]:
    @workflow
    def whole(ctx: Context[NoInput]) -> Node:
        return Sequence(Subflow("part", rounds, input=Round()), Step("last", lambda: 1))

    return whole


def test_a_run_that_continues_ends_and_the_next_one_is_due() -> None:
    log: list[int] = []
    run = Run(counting(log))
    status = run.go()
    assert (status.status, status.next_run, log) == ("continued", "r1-2", [1])
    (due,) = asyncio.run(run.store.wakeable())
    assert (due.run_id, due.why) == ("r1-2", "due")
    row = asyncio.run(run.store.run("r1-2"))
    assert (row.input, row.first_run, row.number) == ('{"number":2}', "r1", 2)
    assert next_id(row) == "r1-3"
    assert run.state.status.next_run == "r1-2"


@pytest.mark.parametrize("frames", range(1, 5))
def test_wherever_its_owner_dies_one_run_follows(frames: int) -> None:
    run = Run(counting([]))
    if run.go_frames(frames) != "continued":
        assert run.go().status == "continued"
    assert ids(run) == ["r1", "r1-2"]
    assert child(run, "r1-2").run_status == "running"


def test_a_run_of_nothing_else_continues_as_well() -> None:
    @workflow(input=Round)
    def at_once(ctx: Context[Round]) -> Node:
        return ContinueAsNew(Round(number=ctx.input.number + 1))

    run = Run(at_once)
    assert run.go().status == "continued"
    assert ids(run) == ["r1", "r1-2"]


def test_a_subflow_ends_with_the_last_run_as_which_its_child_continues() -> None:
    log: list[int] = []
    run = Run(holding(counting(log)))
    assert run.go().status == "finished"
    assert log == [1, 2, 3]
    assert ids(run) == ["r1", "r1.part", "r1.part-2", "r1.part-3"]


@pytest.mark.parametrize("frames", range(1, 5))
def test_the_child_of_a_run_that_died_continues_where_it_was(frames: int) -> None:
    run = Run(holding(counting([])))
    run.go_frames(frames)
    assert run.go().status == "finished"
    assert ids(run) == ["r1", "r1.part", "r1.part-2", "r1.part-3"]


def test_the_next_input_must_be_one_of_the_workflow() -> None:
    @workflow
    def other(ctx: Context[NoInput]) -> Node:
        return Sequence(Step("work", lambda: 1), ContinueAsNew(lambda: Round(number=2)))

    status = Run(other).go()
    assert status.error is not None
    said = "the input of ContinueAsNew must be a NoInput, not Round(number=2)"
    assert status.error.message == f"continue as new failed: {said}"


class Round2(BaseModel):
    nummer: int = 1


class Numbered(Round):
    pass


def test_an_input_of_another_model_is_refused_before_anything_starts() -> None:
    @workflow(input=Round)
    def rounds(ctx: Context[Round]) -> Node:
        return Sequence(Step("work", lambda: 1), ContinueAsNew(Round2(nummer=2)))

    run = Run(rounds)
    with pytest.raises(AuthorError) as raised:
        run.go()
    said = "the input of ContinueAsNew must be a Round, not Round2(nummer=2)"
    assert f"{Path(__file__)}:" in raised.value.said
    assert raised.value.said.endswith(said)
    assert run.starts == []


@pytest.mark.parametrize("given", [Numbered(number=2), lambda: Numbered(number=2)])
def test_an_input_of_a_class_below_the_model_is_taken(given: Any) -> None:
    @workflow(input=Round)
    def rounds(ctx: Context[Round]) -> Node:
        return ContinueAsNew(given) if ctx.input.number == 1 else Step("work", lambda: 1)

    run = Run(rounds)
    assert run.go().status == "continued"
    assert asyncio.run(run.store.run("r1-2")).input == '{"number":2}'


@pytest.mark.parametrize("made", [Round2(nummer=2), {"number": 2}])
def test_a_callable_of_a_subflow_gives_its_input_and_nothing_else(made: Any) -> None:
    @workflow
    def whole(ctx: Context[NoInput]) -> Node:
        return Subflow("part", counting([]), input=lambda: made)

    run = Run(whole)
    with pytest.raises(AuthorError) as raised:
        run.go()
    assert ": the input of subflow 'part' must be a Round, not " in raised.value.said
    assert ids(run) == []


def test_a_failed_run_does_not_continue() -> None:
    def boom() -> int:
        raise OSError("boom")

    @workflow(input=Round)
    def fails(ctx: Context[Round]) -> Node:
        return Sequence(ContinueAsNew(Round(number=2)), Step("boom", boom))

    run = Run(fails)
    assert run.go().status == "failed"
    assert ids(run) == ["r1"]


def test_a_run_that_continued_waits_for_its_child_runs(tmp_path: Path) -> None:
    @workflow
    def kid(ctx: Context[NoInput]) -> Node:
        return Step("work", lambda: 1)

    @workflow(input=Round)
    def rounds(ctx: Context[Round]) -> Node:
        number = ctx.input.number
        part = Subflow("kid", kid)
        return Sequence(part, ContinueAsNew(Round(number=number + 1)) if number < 3 else None)

    hub = Hub(tmp_path / "r.db")
    ended = asyncio.run(hub.run(rounds, Round(), run_id="r", linger_s=0))
    assert (ended.run_id, ended.status) == ("r-3", "finished")
    assert [hub.status(f"{run}.kid") for run in ("r", "r-2", "r-3")] == ["finished"] * 3
