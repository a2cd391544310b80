"""Pools: limits that tasks share wherever they are; and priorities among what is ready.

After each frame the plan is compared with the one made anew of the rows (see `tests/plans.py`), and
so are the slots that are taken of each pool.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from smithers import (
    Approval,
    Budget,
    Command,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Retry,
    Sequence,
    Step,
    Task,
    Try,
    workflow,
)
from smithers.errors import AuthorError
from tests.rules.agents import Scripted
from tests.rules.runs import Clock, Run


class Count:
    """How many of each name run at once, the most that ever did, and the order of their starts."""

    def __init__(self) -> None:
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.began: list[str] = []

    def step(self, id: str, pool: str | None = None, **options: Any) -> Step[int]:
        return Step(id, self.work(id, pool or ""), pool=pool, **options)

    def work(self, id: str, pool: str, turns: int = 2) -> Callable[[], Coroutine[Any, Any, int]]:
        async def run() -> int:
            self.began.append(id)
            self.now[pool] += 1
            self.most[pool] = max(self.most[pool], self.now[pool])
            try:
                for _ in range(turns):
                    await asyncio.sleep(0)
            finally:
                self.now[pool] -= 1
            return 1

        return run


def test_tasks_of_a_pool_share_its_limit_wherever_they_are() -> None:
    count = Count()

    @workflow(max_concurrency=32, pools={"db": 2})
    def flow(ctx: Context[NoInput]) -> Node:
        each = ForEach(
            range(6),
            key=str,
            each=lambda n: Sequence(count.step(f"a{n}"), count.step(f"b{n}", "db")),
        )
        loop = Loop(count.step("turn", "db"), until=lambda: False, max_iterations=4)
        return Parallel(each, Try(loop, catch=lambda caught: count.step("caught", "db")))

    run = Run(flow)
    assert run.go().status == "finished"
    assert count.most["db"] == 2
    assert count.most[""] == 6


def test_the_settings_count_more_than_the_workflow() -> None:
    count = Count()

    @workflow(pools={"db": 5})
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(*(count.step(f"s{n}", "db") for n in range(6)))

    run = Run(flow)
    run.settings = replace(run.settings, pools={"db": 1})
    assert run.go().status == "finished"
    assert count.most["db"] == 1
    assert count.began == [f"s{n}" for n in range(6)]


def test_a_task_that_waits_for_data_or_a_group_passes_its_turn_in_the_pool_on() -> None:
    count = Count()

    @workflow(pools={"db": 1})
    def flow(ctx: Context[NoInput]) -> Node:
        late = count.step("late")

        async def read() -> int:
            return ctx[late]

        reads = Step("reads", read, pool="db")
        slow = Step("slow", count.work("slow", "", 50))
        inner = Parallel(Sequence(slow, late), count.step("blocked", "db"), limit=1)
        return Parallel(reads, inner, count.step("free", "db"))

    run = Run(flow)
    assert run.go().status == "finished"
    assert count.began == ["slow", "free", "late", "blocked"]


def test_a_task_that_waits_for_a_pool_leaves_its_group_to_others() -> None:
    count = Count()
    go = asyncio.Event()

    async def holds() -> int:
        await go.wait()
        return 1

    async def opens() -> int:
        go.set()
        return 1

    @workflow(pools={"db": 1})
    def flow(ctx: Context[NoInput]) -> Node:
        group = Parallel(count.step("needs", "db"), Step("opens", opens), limit=1)
        return Parallel(Step("holds", holds, pool="db"), group)

    assert Run(flow).go().status == "finished"
    assert count.began == ["needs"]


def test_a_retry_keeps_its_slot_and_a_crash_keeps_the_limit() -> None:
    clock = Clock()
    tries: list[str] = []

    def fails(id: str) -> Callable[[], int]:
        def run() -> int:
            tries.append(id)
            if tries.count(id) < 3:
                raise ValueError(id)
            return 1

        return run

    @workflow(pools={"db": 1})
    def flow(ctx: Context[NoInput]) -> Node:
        retry = Retry(tries=3, first_s=100, jitter=0)
        return Parallel(
            Step("a", fails("a"), retry=retry, pool="db"),
            Step("b", fails("b"), retry=retry, pool="db"),
        )

    run = Run(flow, now=clock, linger_s=0)
    while run.go().status != "finished":
        clock.pass_s(200)
    assert tries == ["a", "a", "a", "b", "b", "b"]


def random_tree(count: Count, random: Random, name: str, depth: int) -> Node:
    """A tree whose leaves use the pools a and b, or none, with priorities."""

    def leaf(name: str) -> Node:
        pool, needs = random.choice([None, "a", "b"]), random.choice([(), (), (), ("first",)])
        return count.step(name, pool, priority=random.randint(-1, 1), needs=needs)

    def child(name: str) -> Node:
        if depth and random.random() < 0.6:
            return random_tree(count, random, name, depth - 1)
        return leaf(name)

    below = [child(f"{name}.{n}") for n in range(random.randint(1, 4))]
    match random.choice(["sequence", "parallel", "limit", "loop", "try"]):
        case "sequence":
            return Sequence(*below)
        case "parallel":
            return Parallel(*below)
        case "limit":
            return Parallel(*below, limit=random.randint(1, 2))
        case "loop":
            return Loop(*below, until=lambda: False, max_iterations=2, on_exhausted="finish")
        case _:
            return Try(*below, finally_=leaf(f"{name}.f"))


@pytest.mark.sampled(10)
@pytest.mark.parametrize("seed", range(40))
def test_random_trees_finish_within_the_limits_of_their_pools_with_crashes_at_random(
    seed: int,
) -> None:
    random, count = Random(seed), Count()
    pools = {"a": random.randint(1, 3), "b": random.randint(1, 2)}

    @workflow(max_concurrency=6, pools=pools)
    def flow(ctx: Context[NoInput]) -> Node:
        tree = random_tree(count, Random(seed), "t", 3)
        return Parallel(count.step("first", "a"), tree)

    run = Run(flow)
    for _ in range(random.randint(0, 3)):
        count.now.clear()
        if run.go_frames(random.randint(1, 6)) == "finished":
            return
    count.now.clear()
    assert run.go().status == "finished"
    assert all(count.most[name] <= limit for name, limit in pools.items())


def test_a_pool_that_nobody_defines_is_an_error_with_its_place() -> None:
    @workflow(pools={"database": 1})
    def flow(ctx: Context[NoInput]) -> Node:
        return Command("c", ["true"], pool="databse")

    with pytest.raises(AuthorError, match="command 'c' names the pool 'databse'") as caught:
        Run(flow).go()
    assert caught.value.place is not None
    assert caught.value.hint.startswith("did you mean 'database'? Otherwise define it: @workflow(")


def test_an_approval_and_a_budget_hold_no_slot_of_a_pool() -> None:
    agent = Scripted("one")
    count = Count()

    @workflow(pools={"db": 1})
    def flow(ctx: Context[NoInput]) -> Node:
        paid = Task("paid", agent=agent, prompt="p", pool="db")
        return Parallel(
            Sequence(paid, budget=Budget(calls=1)),
            Sequence(Approval("ask", ask="?"), count.step("after", "db")),
            count.step("free", "db"),
        )

    run = Run(flow, linger_s=0)
    assert run.go().status == "waiting"
    assert "free" in count.began
    run.answer("ask")
    assert run.go().status == "finished"


# -- priority


def test_what_has_a_higher_priority_starts_first_and_the_document_decides_among_equals() -> None:
    count = Count()

    @workflow(max_concurrency=1)
    def flow(ctx: Context[NoInput]) -> Node:
        low = [count.step(f"low{n}", priority=-1) for n in range(2)]
        high = [count.step(f"high{n}", priority=5) for n in range(2)]
        return Parallel(*low, count.step("a"), *high, Command("c", ["true"], priority=9))

    run = Run(flow)
    assert run.go().status == "finished"
    assert count.began == ["high0", "high1", "a", "low0", "low1"]
    assert next(one.key.id for one in run.state.attempts.values()) == "c"


def test_a_task_that_becomes_ready_later_starts_before_those_of_lower_priority() -> None:
    count = Count()

    @workflow(max_concurrency=1)
    def flow(ctx: Context[NoInput]) -> Node:
        urgent = Sequence(count.step("first"), count.step("urgent", priority=1))
        return Parallel(urgent, *(count.step(f"s{n}") for n in range(3)))

    assert Run(flow).go().status == "finished"
    assert count.began == ["first", "urgent", "s0", "s1", "s2"]


def test_a_slot_of_a_pool_goes_to_the_highest_priority() -> None:
    count = Count()

    @workflow(pools={"db": 1})
    def flow(ctx: Context[NoInput]) -> Node:
        waiting = [count.step(f"p{n}", "db", priority=n) for n in range(4)]
        late = Sequence(count.step("x"), count.step("late", "db", priority=2))
        return Parallel(
            Step("holds", count.work("holds", "db", 20), pool="db", priority=9), *waiting, late
        )

    assert Run(flow).go().status == "finished"
    assert count.began == ["holds", "x", "p3", "p2", "late", "p1", "p0"]
