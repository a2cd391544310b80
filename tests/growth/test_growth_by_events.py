"""What comes from outside to a run costs the same in a large run as in a small one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from smithers import (
    Approval,
    Budget,
    Context,
    Node,
    NoInput,
    Parallel,
    Retry,
    Rework,
    Sequence,
    Step,
    Task,
    Timer,
    WaitForEvent,
    waits,
    workflow,
)
from tests.growth.counting import growth
from tests.growth.fed import Comes, Fed, approval, denial, message, more_budget, second, signal
from tests.growth.test_growth_of_runs import agents, each, one, rounds
from tests.rules.test_messages import Steerable

Made = tuple[Node[Any], Iterable[Comes]]
Shape = Callable[[int], Made]
SHAPES: dict[str, Shape] = {}
_SIZE = 10


def shape(make: Shape) -> Shape:
    """A tree, and what comes to it, so many times."""
    SHAPES[make.__name__] = make
    return make


def fed(make: Shape, count: int) -> Callable[[], int]:
    """A run of a shape, to its end; how many rows it wrote, with one for each frame."""
    over = asyncio.Event()

    async def hold() -> None:
        await over.wait()

    tree, comes = make(count)

    @workflow(input=NoInput, pools={"p": 2})
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return Parallel(Step("hold", hold), tree)

    run = Fed(flow, comes, over)

    def go() -> int:
        status = run.go()
        assert status.status == "finished", status
        assert not run.comes, len(run.comes)
        return sum(1 + len(frame.changes) for frame in run.watch.frames)

    return go


def fails_first() -> Callable[[], Any]:
    tries = iter([OSError("no")])

    async def run() -> int:
        for error in tries:
            raise error
        return 1

    return run


@shape
def approvals(count: int) -> Made:
    ids = [f"ok {n}" for n in range(count)]
    return Parallel(*(Approval(id, ask="?") for id in ids)), map(approval, ids)


@shape
def approvals_of_items_in_turn(count: int) -> Made:
    ids = [f"ok {n}" for n in range(count)]
    return Sequence(*(Approval(id, ask="?") for id in ids)), map(approval, ids)


@shape
def approvals_with_a_limit(count: int) -> Made:
    ids = [f"ok {n}" for n in range(count)]
    return Parallel(*(Approval(id, ask="?") for id in ids), limit=3), map(approval, ids)


@shape
def signals_of_many_events(count: int) -> Made:
    all = (WaitForEvent(f"wait {n}", event=f"e{n}") for n in range(count))
    return Parallel(*all), (signal(f"e{n}", str(n)) for n in range(count))


@shape
def signals_of_one_event(count: int) -> Made:
    all = (WaitForEvent(f"wait {n}", event="e") for n in range(count))
    return Parallel(*all), (signal("e", str(n)) for n in range(count))


@shape
def signals_that_come_early(count: int) -> Made:
    all = (WaitForEvent(f"wait {n}", event="e") for n in range(count))
    approved = Approval("ok", ask="?")
    signals = (signal("e", str(n)) for n in range(count))
    return Sequence(approved, *all), [*signals, approval("ok")]


@shape
def signals_that_nobody_takes(count: int) -> Made:
    return one_step(), (signal(f"e{n}", str(n)) for n in range(count))


def one_step() -> Step[int]:
    return Step("s", one)


@shape
def timers(count: int) -> Made:
    all = (Timer(f"timer {n}", seconds=n + 1) for n in range(count))
    return Parallel(*all), (second(f"timer {n}", waits.TIMER) for n in range(count))


@shape
def time_limits_of_approvals(count: int) -> Made:
    all = (Approval(f"ok {n}", ask="?", timeout_s=n + 1, on_deny="continue") for n in range(count))
    return Parallel(*all), (second(f"ok {n}", waits.APPROVAL) for n in range(count))


@shape
def messages_to_one_of_many(count: int) -> Made:
    tasks = [Task(f"t{n}", agent=Steerable(), prompt="p") for n in range(count)]
    return Parallel(*tasks), (message(f"t{n}") for n in range(count))


@shape
def messages_to_one(count: int) -> Made:
    return Task("t", agent=Steerable(wants=count), prompt="p"), (message("t") for _ in range(count))


@shape
def budgets_that_are_raised(count: int) -> Made:
    budget = Budget(calls=1)
    tree = Parallel(
        *(Sequence(*agents(2, f"t{n}/"), id=f"part {n}", budget=budget) for n in range(count))
    )
    return tree, (more_budget(f"part {n}", calls=1) for n in range(count))


@shape
def work_that_is_sent_back(count: int) -> Made:
    def part(n: int) -> Node[Any]:
        step = Step(f"s{n}", one)
        return Sequence(step, Approval(f"ok {n}", ask="?", on_deny=Rework(step)))

    comes = [come(f"ok {n}") for n in range(count) for come in (denial, approval)]
    return Parallel(*map(part, range(count))), comes


@shape
def work_that_is_sent_back_in_turn(count: int) -> Made:
    def part(n: int) -> list[Node[Any]]:
        step = Step(f"s{n}", one)
        return [step, Approval(f"ok {n}", ask="?", on_deny=Rework(step))]

    comes = [come(f"ok {n}") for n in range(count) for come in (denial, approval)]
    return Sequence(*(node for n in range(count) for node in part(n))), comes


@shape
def work_that_is_sent_back_with_its_readers(count: int) -> Made:
    def part(n: int) -> Node[Any]:
        step = Step(f"s{n}", one)
        reader = Step(f"r{n}", one, needs=[step])
        return Sequence(step, reader, Approval(f"ok {n}", ask="?", on_deny=Rework(step)))

    comes = [come(f"ok {n}") for n in range(count) for come in (denial, approval)]
    return Parallel(*map(part, range(count))), comes


@shape
def work_that_is_sent_back_in_iterations(count: int) -> Made:
    step = Step("s", one)
    body = Sequence(step, Approval("ok", ask="?", on_deny=Rework(step)))
    comes = [come("ok", n) for n in range(count) for come in (denial, approval)]
    return rounds("loop", body, count), comes


@shape
def work_that_is_sent_back_in_items(count: int) -> Made:
    def item(n: int) -> Node[Any]:
        step = Step(f"s{n}", one)
        return Sequence(step, Approval(f"ok {n}", ask="?", on_deny=Rework(step)))

    comes = [come(f"ok {n}") for n in range(count) for come in (denial, approval)]
    return each(count, item), comes


@shape
def retries(count: int) -> Made:
    retry = Retry(tries=2, first_s=1, jitter=0)
    all = (Step(f"s{n}", fails_first(), retry=retry) for n in range(count))
    return Sequence(*all), (second(f"s{n}", waits.RETRY) for n in range(count))


@shape
def retries_side_by_side(count: int) -> Made:
    def step(n: int) -> Step[int]:
        retry = Retry(tries=2, first_s=n + 1, max_s=n + 1, jitter=0)
        return Step(f"s{n}", fails_first(), retry=retry)

    return Parallel(*map(step, range(count))), (second(f"s{n}", waits.RETRY) for n in range(count))


@pytest.mark.sampled(5)
@pytest.mark.parametrize("name", SHAPES)
def test_what_comes_costs_the_same_in_a_run_of_any_size(name: str) -> None:
    assert not growth(lambda count: fed(SHAPES[name], count), _SIZE)


@pytest.mark.sampled(5)
@pytest.mark.parametrize("name", SHAPES)
def test_what_comes_writes_as_many_rows_in_a_run_of_any_size(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.plans._MOST_INSTANCES", -1)
    few, more, most = (fed(SHAPES[name], count)() for count in (8, 16, 32))
    assert most - more <= 2 * (more - few) * 1.1
