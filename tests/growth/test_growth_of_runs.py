"""A step of a long run costs the engine what a step of a short one does, in each shape of tree."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from smithers import (
    Approval,
    Branch,
    Budget,
    Caught,
    Compensated,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Retry,
    Saga,
    Sequence,
    Step,
    Subflow,
    Task,
    Timer,
    Try,
    WaitForEvent,
    Workflow,
    workflow,
)
from smithers import Run as Flow
from smithers.errors import Transient
from tests.growth.counting import growth
from tests.rules.agents import Scripted
from tests.rules.runs import Run

SIZE = 16
Shape = Callable[[int], Workflow[Any, Any]]
SHAPES: dict[str, Shape] = {}


def shape(build: Callable[[Context[NoInput], int], Node[Any]]) -> None:
    """A tree with so many steps."""

    def made(count: int) -> Workflow[NoInput, Any]:
        @workflow(input=NoInput, pools={"p": 2})
        def flow(ctx: Context[NoInput]) -> Node[Any]:
            return build(ctx, count)

        return flow

    SHAPES[build.__name__] = made


async def one() -> int:
    return 1


async def boom() -> int:
    raise OSError("no")


async def hang() -> None:
    await asyncio.Event().wait()


def steps(count: int, name: str = "s", **more: Any) -> list[Step[int]]:
    return [Step(f"{name}{number}", one, **more) for number in range(count)]


def agents(count: int, name: str = "t", **more: Any) -> list[Task[str]]:
    return [agent(f"{name}{number}", **more) for number in range(count)]


def agent(id: str, **more: Any) -> Task[str]:
    return Task(id, agent=Scripted(name="a", forks=True), prompt="p", **more)


def each(count: int, make: Callable[[int], Node[Any]], id: str = "each") -> ForEach[Any]:
    return ForEach(lambda: range(count), key=str, each=make, limit=3, id=id)


def rounds(id: str, body: Node[Any], count: int) -> Loop[Any]:
    return Loop(body, until=lambda: False, max_iterations=count, on_exhausted="finish", id=id)


@shape
def sequence(ctx: Context[NoInput], count: int) -> Node[Any]:
    return Sequence(*steps(count))


@shape
def fan_out(ctx: Context[NoInput], count: int) -> Node[Any]:
    return Parallel(*steps(count))


@shape
def fan_out_with_a_limit(ctx: Context[NoInput], count: int) -> Node[Any]:
    return Parallel(*steps(count), limit=3)


@shape
def fan_out_with_nested_limits(ctx: Context[NoInput], count: int) -> Node[Any]:
    return Parallel(
        *(Parallel(*steps(8, f"{n}/"), limit=2) for n in range(count // 8)),
        limit=2,
    )


@shape
def children_with_a_limit_that_wait_for_data(ctx: Context[NoInput], count: int) -> Node[Any]:
    last = Step("last", one)

    async def read() -> int:
        return ctx[last]

    return Parallel(*(Step(f"s{n}", read) for n in range(count)), last, limit=3)


@shape
def pool(ctx: Context[NoInput], count: int) -> Node[Any]:
    return Parallel(*steps(count, pool="p"))


@shape
def chain_of_needs(ctx: Context[NoInput], count: int) -> Node[Any]:
    return Parallel(
        *(Step(f"s{n}", one, needs=[f"s{n - 1}"] if n else ()) for n in range(count)),
    )


@shape
def needs_of_one(ctx: Context[NoInput], count: int) -> Node[Any]:
    return Parallel(*steps(count, needs=["first"]), Step("first", one))


@shape
def skipped_tasks(ctx: Context[NoInput], count: int) -> Node[Any]:
    return Sequence(*agents(count, skip_if=lambda: True))


@shape
def skipped_arms(ctx: Context[NoInput], count: int) -> Node[Any]:
    def item(number: int) -> Node[Any]:
        arms = Step(f"s{number}", one), Sequence(*steps(3, f"not {number}/"))
        return Branch(lambda: True, *arms, id=f"branch {number}")

    return Sequence(*map(item, range(count)))


@shape
def steps_after_one_that_failed(ctx: Context[NoInput], count: int) -> Node[Any]:
    fails = Step("fails", boom, retry=Retry(tries=1))
    return Sequence(fails, *steps(count), on_failure="continue")


@shape
def steps_that_are_cancelled(ctx: Context[NoInput], count: int) -> Node[Any]:
    fails = Step("fails", boom, retry=Retry(tries=1))
    cancelled = Parallel(fails, *(Step(f"s{n}", hang) for n in range(count)), on_failure="cancel")
    return Try(cancelled, catch=Step("caught", one), id="try")


@shape
def tries_in_a_sequence(ctx: Context[NoInput], count: int) -> Node[Any]:
    def part(number: int) -> Node[Any]:
        body = Step(f"s{number}", boom, retry=Retry(tries=1))
        return Try(body, catch=lambda caught: Step(f"catch {number}", one), id=f"try {number}")

    return Sequence(*map(part, range(count)))


@shape
def agents_that_fail_in_a_pool(ctx: Context[NoInput], count: int) -> Node[Any]:
    retry = Retry(tries=2, first_s=0.0001, jitter=0)

    def task(number: int) -> Task[str]:
        agent = Scripted(Transient("no"), "done", name="a")
        return Task(f"t{number}", agent=agent, prompt="p", pool="p", retry=retry)

    return Parallel(*map(task, range(count)))


@shape
def chain_of_reads(ctx: Context[NoInput], count: int) -> Node[Any]:
    found: list[Step[int]] = []

    def reads(before: Step[int]) -> Callable[[], Any]:
        async def read() -> int:
            return ctx[before]

        return read

    for number in range(count):
        found.append(Step(f"s{number}", reads(found[-1]) if found else one))
    return Parallel(*found)


def continuing(count: int) -> list[Task[str]]:
    return [agent(f"t{n}", continues=f"t{n - 1}" if n else None) for n in range(count)]


@shape
def chain_of_sessions(ctx: Context[NoInput], count: int) -> Node[Any]:
    return Parallel(*continuing(count))


@shape
def chain_of_sessions_backwards(ctx: Context[NoInput], count: int) -> Node[Any]:
    return Parallel(*reversed(continuing(count)))


@shape
def sessions_in_a_sequence(ctx: Context[NoInput], count: int) -> Node[Any]:
    first = agent("first")
    return Sequence(first, *agents(count, continues=first))


@shape
def copies_of_a_session(ctx: Context[NoInput], count: int) -> Node[Any]:
    first = agent("first")
    return Sequence(first, Parallel(*agents(count, forks=first)))


@shape
def loop(ctx: Context[NoInput], count: int) -> Node[Any]:
    return rounds("loop", Step("s", one), count)


@shape
def each_item(ctx: Context[NoInput], count: int) -> Node[Any]:
    return each(count, lambda n: Step(f"s{n}", one))


@shape
def each_inside_each(ctx: Context[NoInput], count: int) -> Node[Any]:
    return each(count // 8, lambda n: each(8, lambda m: Step(f"s{n}/{m}", one), f"inner {n}"))


@shape
def each_inside_a_loop(ctx: Context[NoInput], count: int) -> Node[Any]:
    return rounds("loop", each(8, lambda n: Step(f"s{n}", one)), count // 8)


@shape
def loop_inside_each(ctx: Context[NoInput], count: int) -> Node[Any]:
    return each(count // 8, lambda n: rounds(f"loop {n}", Step(f"s{n}", one), 8))


@shape
def branch_inside_each(ctx: Context[NoInput], count: int) -> Node[Any]:
    def item(number: int) -> Node[Any]:
        arms = Step(f"even {number}", one), Step(f"odd {number}", one)
        return Branch(lambda: number % 2 == 0, *arms, id=f"branch {number}")

    return each(count, item)


@shape
def try_inside_each(ctx: Context[NoInput], count: int) -> Node[Any]:
    def item(number: int) -> Node[Any]:
        def catch(caught: Caught) -> Node[Any]:
            return Step(f"catch {number}", one)

        body = Step(f"s{number}", boom, retry=Retry(tries=1))
        return Try(body, catch=catch, finally_=Step(f"finally {number}", one), id=f"try {number}")

    return each(count, item)


@shape
def saga(ctx: Context[NoInput], count: int) -> Node[Any]:
    return Saga(*(Compensated(step, Step(f"undo {step.id}", one)) for step in steps(count)))


@shape
def beside_approvals(ctx: Context[NoInput], count: int) -> Node[Any]:
    return Parallel(*(Approval(f"ok {n}", ask="?") for n in range(count)), Sequence(*steps(count)))


@shape
def beside_timers(ctx: Context[NoInput], count: int) -> Node[Any]:
    return Parallel(
        *(Timer(f"timer {n}", seconds=9999 + n) for n in range(count)), Sequence(*steps(count))
    )


@shape
def timers_beside_approvals(ctx: Context[NoInput], count: int) -> Node[Any]:
    timers = (Timer(f"timer {n}", seconds=0.001) for n in range(count))
    return Parallel(*(Approval(f"ok {n}", ask="?") for n in range(count)), Sequence(*timers))


@shape
def beside_waits_for_signals(ctx: Context[NoInput], count: int) -> Node[Any]:
    events = [WaitForEvent(f"wait {n}", event="go") for n in range(count)]
    return Parallel(*events, Sequence(*steps(count)))


@shape
def beside_readers(ctx: Context[NoInput], count: int) -> Node[Any]:
    """Readers of what has no instance yet, beside containers that end."""
    late = steps(count, "late ")

    def reads(source: Step[int]) -> Callable[[], Any]:
        async def read() -> int:
            return ctx[source]

        return read

    readers = [Step(f"reads {step.id}", reads(step)) for step in late]
    before = each(count, lambda n: rounds(f"loop {n}", Step(f"s{n}", one), 1))
    return Parallel(*readers, Sequence(before, Parallel(*late)))


@shape
def child_runs(ctx: Context[NoInput], count: int) -> Node[Any]:
    @workflow(input=NoInput)
    def part(ctx: Context[NoInput]) -> Node[int]:
        return Step("inner", one)

    return Parallel(*(Subflow(f"child {n}", part, input=NoInput()) for n in range(count)))


@shape
def budgets(ctx: Context[NoInput], count: int) -> Node[Any]:
    tasks = (Sequence(agent(f"t{n}"), budget=Budget(tokens=10**6)) for n in range(count))
    return Parallel(*tasks, limit=3, budget=Budget(tokens=10**9))


def gathering(count: int) -> Workflow[NoInput, Any]:
    @workflow(input=NoInput)
    async def flow(run: Flow[NoInput]) -> None:
        await run.gather(*(run.step(f"s{n}", one) for n in range(count)), limit=3)

    return flow


def awaiting(count: int) -> Workflow[NoInput, Any]:
    @workflow(input=NoInput)
    async def flow(run: Flow[NoInput]) -> None:
        for number in range(count):
            await run.step(f"s{number}", one)

    return flow


SHAPES["flow_that_gathers"] = gathering
SHAPES["flow_that_awaits"] = awaiting


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", SHAPES)
def test_a_step_costs_the_same_in_a_run_of_any_length(name: str) -> None:
    assert not growth(lambda count: Run(SHAPES[name](count)).go, SIZE)
