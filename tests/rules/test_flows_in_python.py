"""What Python lets an author write in a flow: generators, locks, recursion, odd exceptions."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from smithers import NoInput, workflow
from smithers import Run as FlowRun
from smithers.changes import Failure
from smithers.errors import AuthorError
from tests.rules.resuming import crashed
from tests.rules.runs import Run

Nothing = FlowRun[NoInput]
Body = Callable[[Nothing], Coroutine[Any, Any, Any]]


def run_of(body: Body) -> Run:
    return Run(workflow(name="flow")(body))


def failure_of(run: Run) -> Failure:
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    return ended.error


def refusal_of(run: Run) -> AuthorError:
    with pytest.raises(AuthorError) as caught:
        run.go()
    return caught.value


async def numbers(run: Nothing) -> AsyncGenerator[int, None]:
    try:
        for number in range(4):
            yield await run.step(f"take-{number}", partial(int, number))
    finally:
        await run.step("give-back", lambda: "back")


async def closes(run: Nothing) -> str:
    async with contextlib.aclosing(numbers(run)) as items:
        async for number in items:
            if number == 1:
                break
    return await run.step("after", lambda: "after")


CLOSED = ["take-0#1", "take-1#1", "give-back#1", "after#1"]


def test_a_generator_that_its_flow_closes_cleans_up() -> None:
    run = run_of(closes)
    assert run.go().status == "finished"
    assert run.starts == CLOSED


@pytest.mark.parametrize("done", range(1, 14))
def test_the_cleanup_of_a_closed_generator_survives_a_crash(done: int) -> None:
    first = run_of(closes)
    first.go()
    run = crashed(first, done)
    run.go()
    assert run.state.run_status == "finished"
    finished = {key.id for key, end in run.state.ended.items() if end.outcome == "finished"}
    assert finished >= {start.partition("#")[0] for start in CLOSED}


def test_a_generator_that_is_left_to_python_may_not_await_in_its_cleanup() -> None:
    async def flow(run: Nothing) -> str:
        async for number in numbers(run):
            if number == 1:
                break
        return "left"

    error = failure_of(run_of(flow))
    assert error.message == (
        "the flow failed: run.step('give-back', ...) does not run: it is in the cleanup of an async"
        " generator that was left before its end"
    )
    assert error.hint == (
        "close it where it is used: async with contextlib.aclosing(items()) as values"
    )


def test_a_generator_without_such_a_cleanup_may_be_left() -> None:
    closed: list[str] = []

    async def items(run: Nothing) -> AsyncGenerator[int, None]:
        try:
            for number in range(4):
                yield await run.step(f"take-{number}", partial(int, number))
        finally:
            closed.append("closed")

    async def flow(run: Nothing) -> int:
        closed.clear()
        async for number in items(run):
            if number == 1:
                break
        count = len(closed)
        return await run.step("after", lambda: count)

    run = run_of(flow)
    assert run.go().output == "1"


@pytest.mark.parametrize("wait", ["lock", "queue"])
def test_what_waits_with_asyncio_is_named(wait: str) -> None:
    async def flow(run: Nothing) -> object:
        lock, queue = asyncio.Lock(), asyncio.Queue[int]()

        async def use(number: int) -> int:
            if wait == "queue":
                return await queue.get()
            async with lock:
                return await run.step(f"use-{number}", lambda: number)

        return await run.gather(use(1), use(2))

    said = str(refusal_of(run_of(flow)))
    name = "asyncio.Lock.acquire" if wait == "lock" else "asyncio.Queue.get"
    assert f"the flow uses {name}, which is not a call of run" in said


def uses(run: Nothing, how: str) -> Callable[[], Any]:
    """A function that uses the `Run` of a flow where it cannot."""
    made = run.step("made", lambda: 1)

    async def calls() -> int:
        return await run.step("inner", lambda: 1)

    async def awaits() -> int:
        return await made

    async def gathers() -> object:
        return await run.gather(made)

    return {"calls": calls, "awaits": awaits, "gathers": gathers, "draws": run.random}[how]


@pytest.mark.parametrize(
    ("how", "used"),
    [
        ("calls", "run.step('inner', ...)"),
        ("awaits", "run.step('made', ...)"),
        ("gathers", "run.gather(...)"),
        ("draws", "run.random()"),
    ],
)
def test_a_step_cannot_use_the_run_of_its_flow(how: str, used: str) -> None:
    async def flow(run: Nothing) -> object:
        return await run.step("a", uses(run, how))

    error = failure_of(run_of(flow))
    assert error.message == f"a failed: {used} is used outside its flow"
    assert error.hint == (
        "use run in the code of its flow alone, not in the function of a step, in another flow or"
        " in a thread; pass them values"
    )


def test_a_flow_cannot_use_the_run_of_another() -> None:
    async def flow(run: Nothing) -> int:
        async def inner(_: FlowRun[None]) -> int:
            return await run.step("x", lambda: 1)

        return await run.flow("inner", inner)

    assert "run.step('x', ...) is used outside its flow" in str(refusal_of(run_of(flow)))


async def calls_itself(run: FlowRun[int | None]) -> int:
    if run.input == 0:
        return 0
    below = None if run.input is None else run.input - 1
    return 1 + await run.flow("again", calls_itself, input=below)


def test_a_flow_may_call_itself() -> None:
    async def flow(run: Nothing) -> int:
        return await run.flow("again", calls_itself, input=90)

    assert run_of(flow).go().output == "90"


def test_a_flow_that_calls_itself_without_an_end_is_an_error() -> None:
    async def flow(run: Nothing) -> int:
        return await run.flow("again", calls_itself, input=None)

    said = str(refusal_of(run_of(flow)))
    assert "flow 'again' is inside 100 other flows, which is the most" in said
    assert "hint: let a flow that calls itself end, or use a loop" in said


@pytest.mark.parametrize(
    ("raises", "said"),
    [
        (lambda: sys.exit(3), "the flow raised SystemExit(3)"),
        (lambda: contextlib.ExitStack().enter_context(_Leaving()), "the flow raised GeneratorExit"),
        (lambda: next(iter(())), "coroutine raised StopIteration"),
    ],
)
def test_an_exception_that_ends_a_program_fails_the_flow_alone(
    raises: Callable[[], object], said: str
) -> None:
    async def flow(run: Nothing) -> object:
        await run.step("a", lambda: 1)
        return raises()

    error = failure_of(run_of(flow))
    assert error.message.startswith(f"the flow failed: RuntimeError: {said}")
    assert error.place is not None
    line = int(error.place.split(":")[-2])
    assert line > flow.__code__.co_firstlineno or line > 180  # where it was raised


class _Leaving(contextlib.AbstractContextManager[None]):
    def __enter__(self) -> None:
        raise GeneratorExit

    def __exit__(self, *raised: object) -> None: ...


def test_a_flow_that_swallows_everything_is_put_away_quietly() -> None:
    async def flow(run: Nothing) -> str:
        for number in range(5):
            with contextlib.suppress(BaseException):
                await run.sleep(f"wait-{number}", seconds=3600)
        return "done"

    run = run_of(flow)
    assert run.go().status == "waiting"
    del run
    gc.collect()  # an exception that is ignored here would fail the test


def test_a_flow_that_awaits_something_else_after_a_call_fails_and_a_resume_refuses_it() -> None:
    async def flow(run: Nothing) -> None:
        await run.step("first", lambda: 1)
        await asyncio.sleep(0)

    run = run_of(flow)
    error = failure_of(run)
    assert error.message == (
        "the flow failed: the flow awaits asyncio.sleep, which is not a call of run"
    )
    assert "the flow awaits asyncio.sleep" in str(refusal_of(run))
    assert run.starts == ["first#1"]


def test_a_call_that_was_made_together_with_a_mistake_does_not_start() -> None:
    async def bad() -> None:
        await asyncio.sleep(0)

    async def flow(run: Nothing) -> object:
        await run.step("first", lambda: 1)
        return await run.gather(run.step("a", lambda: 1), bad())

    run = run_of(flow)
    assert "the flow awaits asyncio.sleep" in failure_of(run).message
    assert run.starts == ["first#1"]
