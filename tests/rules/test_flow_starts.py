"""A flow that starts is run twice to where it first waits; one that is wrong stops its calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any

import pytest

from smithers import Context, Flow, Node, NoInput, Run, Sequence, Step, workflow
from smithers.changes import Key
from smithers.errors import AuthorError
from tests.rules import runs


def below_a_step(body: Callable[[Run[None]], Coroutine[Any, Any, Any]]) -> runs.Run:
    """A run in which a flow starts after a step, so after the tree was checked."""

    @workflow
    def holder(ctx: Context[NoInput]) -> Node:
        return Sequence(Step("first", lambda: 1), Flow("flow", body))

    return runs.Run(holder)


def message(run: runs.Run) -> str:
    error = run.state.ended[Key("flow")].error
    assert error is not None
    return error.message


def test_ids_that_change_are_found_before_a_call_runs() -> None:
    numbers, ran = count(), list[int]()

    async def body(run: Run[None]) -> None:
        async def one() -> None:
            await run.step(f"a-{next(numbers)}", lambda: ran.append(1))

        await run.gather(one(), one())

    run = below_a_step(body)
    assert run.go().status == "failed"
    assert message(run).endswith("each time it runs: step 'a-0', then step 'a-2'")
    assert ran == []
    assert "flow/a-0" not in run.starts


def test_a_flow_that_is_a_workflow_is_refused_before_the_run_exists() -> None:
    numbers = count()

    @workflow
    async def counted(run: Run[NoInput]) -> None:
        await run.step(f"a-{next(numbers)}", lambda: 1)

    with pytest.raises(AuthorError, match="makes different calls each time it runs"):
        runs.Run(counted).go()


def test_what_run_gives_is_the_same_both_times() -> None:
    async def body(run: Run[None]) -> list[int]:
        async def one(number: int) -> int:
            return await run.step(f"{number} {run.random()} {run.now()}", lambda: number)

        return await run.gather(*(one(number) for number in range(5)), limit=2)

    assert below_a_step(body).go().status == "finished"


def test_a_finally_that_makes_a_call_is_no_difference() -> None:
    async def body(run: Run[None]) -> int:
        try:
            return await run.step("a", lambda: 1)
        finally:
            await run.step("b", lambda: 2)

    assert below_a_step(body).go().status == "finished"


def test_more_than_a_thousand_calls_are_not_compared() -> None:
    numbers = count()

    async def body(run: Run[None]) -> None:
        first = next(numbers)
        await run.gather(*(run.step(f"a-{first}-{number}", lambda: 1) for number in range(1001)))

    assert below_a_step(body).go_frames(2) == "running"


def test_a_flow_that_awaits_something_else_stops_what_is_under_way() -> None:
    stopped = list[str]()

    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append("slow")

    async def body(run: Run[None]) -> None:
        async def wrong() -> None:
            await run.step("b", lambda: 1)
            await asyncio.sleep(0)

        await run.gather(run.step("slow", slow), wrong())

    run = below_a_step(body)
    assert run.go().status == "failed"
    assert message(run) == "flow 'flow' awaits asyncio.sleep, which is not a call of run"
    assert stopped == ["slow"]
    assert run.outcome("flow/slow") == "cancelled"
