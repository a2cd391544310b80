"""Pools with a limit on the machine: slots that the attempts of all runs of a user share."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from smithers import (
    Approval,
    Cache,
    Command,
    Context,
    Loop,
    Node,
    NoInput,
    Parallel,
    Retry,
    Sequence,
    Step,
    Subflow,
    Task,
    Try,
    waits,
    workflow,
)
from smithers.changes import Key, Settled, WaitClosed, WaitOpened
from smithers.engine.engine import Engine
from smithers.engine.timers import POLL_S
from smithers.errors import AuthorError, MachineError
from tests.rules.agents import Scripted
from tests.rules.machines import Full, Machine, MachineSlot
from tests.rules.runs import Clock, Run
from tests.rules.test_pools import Count, random_tree


def run_on(machine: Machine, flow: Any, limit: int = 1, **options: Any) -> Run:
    """A run whose pool `db` has a limit on the machine."""
    run = Run(flow, **options)
    run.settings = replace(run.settings, machine_pools={"db": limit}, machine=machine)
    return run


def done(run: Run) -> int:
    """How many tasks have ended."""
    return sum(isinstance(one, Settled) for frame in run.watch.frames for one in frame.changes)


def pool_waits(run: Run) -> list[str]:
    return [key.id for key, kind in run.state.waits if kind == waits.POOL]


def test_attempts_share_the_slots_of_the_machine_and_give_them_back() -> None:
    count, machine = Count(), Machine()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        loop = Loop(count.step("turn", "db"), until=lambda: False, max_iterations=3)
        steps = [count.step(f"s{n}", "db") for n in range(6)]
        return Parallel(*steps, Try(loop, catch=lambda caught: count.step("caught", "db")))

    run = run_on(machine, flow, 2)
    assert run.go().status == "finished"
    assert count.most["db"] == machine.most["db"] == 2
    assert (machine.taken["db"], machine.queued["db"]) == (0, 0)
    assert not run.state.waits


def test_the_limit_within_the_run_is_kept_as_well() -> None:
    count, machine = Count(), Machine()

    @workflow(pools={"db": 2})
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(*(count.step(f"s{n}", "db") for n in range(6)))

    assert run_on(machine, flow, 4).go().status == "finished"
    assert machine.most["db"] == 2
    run = run_on(machine, flow, 4)
    run.settings = replace(run.settings, pools={"db": 3})
    assert run.go().status == "finished"
    assert machine.most["db"] == 3


def test_a_slot_goes_by_priority_and_a_task_without_a_pool_needs_none() -> None:
    count, machine = Count(), Machine()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        steps = [count.step(f"s{n}", "db", priority=n) for n in range(4)]
        return Parallel(count.step("first", "db", priority=9), *steps, count.step("free"))

    assert run_on(machine, flow).go().status == "finished"
    assert [id for id in count.began if id != "free"] == ["first", "s3", "s2", "s1", "s0"]
    assert count.began.index("free") < 2


def test_who_stands_first_is_in_the_rows_and_a_run_that_waits_for_slots_alone_is_left() -> None:
    machine = Full()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Sequence(Parallel(*(Step(f"s{n}", lambda: 1, pool="db") for n in range(3))))

    run = run_on(machine, flow, 3, linger_s=0)
    assert run.go().status == "waiting"
    assert pool_waits(run) == ["s0"]
    wait = run.state.waits[Key("s0"), waits.POOL].opened
    assert (wait.on, wait.asked, wait.due) == (("db",), "3", None)
    assert machine.queued["db"] == 0
    before = len(run.watch.frames)
    assert run.go().status == "waiting"
    changes = [one for frame in run.watch.frames[before:] for one in frame.changes]
    assert [type(one) for one in changes if isinstance(one, WaitOpened | WaitClosed)] == [
        WaitClosed,  # so a start that found no slot has made progress, and is not given up
        WaitOpened,
    ]
    run.settings = replace(run.settings, machine=Machine())
    assert run.go().status == "finished"


def test_an_owner_stays_for_a_slot_as_long_as_it_lingers() -> None:
    clock, machine = Clock(), Full()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Step("s", lambda: 1, pool="db")

    run = run_on(machine, flow, linger_s=60, now=clock)

    async def drive() -> tuple[str, float]:
        going = asyncio.ensure_future(run.drive())
        spent = 0.0
        while not going.done():
            await asyncio.sleep(0)
            if len(run.watch.frames) > 1:
                clock.pass_s(1)
                spent += 1
                run.engine.look()
        return going.result().status.status, spent

    status, spent = asyncio.run(drive())
    assert status == "waiting"
    assert 60 <= spent < 90


def test_a_slot_that_somebody_else_gives_back_is_found_by_looking() -> None:
    machine = Machine()
    slot = machine.take("db", 1)
    assert slot is not None

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Step("s", lambda: 1, pool="db")

    run = run_on(machine, flow)

    async def drive() -> str:
        going = asyncio.ensure_future(run.drive())
        await run.until_frames(2)
        slot.release()
        return (await going).status.status

    assert asyncio.run(drive()) == "finished"
    assert machine.most["db"] == 1


def test_a_run_that_gives_a_slot_back_lets_others_who_wait_look_first() -> None:
    """Two runs with many tasks take turns, rather than the one that began first."""
    clock, machine, count = Clock(), Machine(), Count()
    other = machine.queue("db")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(*(count.step(f"s{n}", "db") for n in range(3)))

    run = run_on(machine, flow, now=clock)

    async def drive() -> str:
        going = asyncio.ensure_future(run.drive())
        for began in (1, 2):
            while done(run) < began:  # noqa: ASYNC110  # the watcher has no event
                await asyncio.sleep(0)
            for _ in range(3):
                run.engine.look()
                await asyncio.sleep(0)
            assert len(count.began) == began
            if began == 2:
                other.leave()
            clock.pass_s(POLL_S)
            run.engine.look()
        return (await going).status.status

    assert asyncio.run(drive()) == "finished"


def test_a_retry_gives_its_slot_back_in_the_pause_and_takes_another() -> None:
    clock, machine = Clock(), Machine()
    tries: list[str] = []

    def fails() -> int:
        assert machine.taken["db"] == 1
        tries.append("a")
        if len(tries) < 3:
            raise ValueError("a")
        return 1

    @workflow(pools={"db": 1})
    def flow(ctx: Context[NoInput]) -> Node:
        return Step("a", fails, retry=Retry(tries=3, first_s=100, jitter=0), pool="db")

    run = run_on(machine, flow, now=clock, linger_s=1)
    assert run.go().status == "waiting"
    assert machine.taken["db"] == 0
    run.settings = replace(run.settings, machine=Full(), linger_s=0)
    clock.pass_s(100)
    assert run.go().status == "waiting"
    assert pool_waits(run) == ["a"]  # it has begun, and waits for the machine alone
    assert len(tries) == 1
    run.settings = replace(run.settings, machine=machine)
    assert run.go().status == "waiting"
    clock.pass_s(1000)
    assert run.go().status == "finished"
    assert machine.taken["db"] == 0


def test_a_task_that_waits_for_data_or_has_its_answer_keeps_no_slot() -> None:
    machine = Machine()
    agent = Scripted("late", "one")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        late = Task("late", agent=agent, prompt="late", pool="db")
        reads = Task("reads", agent=agent, prompt=lambda: ctx[late], pool="db", priority=5)
        return Parallel(reads, late)

    assert run_on(machine, flow).go().status == "finished"
    assert machine.taken["db"] == 0


def test_a_cached_answer_needs_no_slot() -> None:
    agent = Scripted("one")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Task("a", agent=agent, prompt="p", pool="db", cache=Cache())

    first = run_on(Machine(), flow)
    assert first.go().status == "finished"
    answers = first.store.answers
    assert answers
    again = run_on(Full(), flow, linger_s=0)
    again.settings = replace(again.settings, find_answer=answers.get)
    assert again.go().status == "finished"


def test_a_task_that_is_cancelled_or_cut_while_it_waits_leaves_its_turn_to_the_next() -> None:
    machine = Machine()
    slot = machine.take("db", 1)
    assert slot is not None

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def fails() -> int:
            raise ValueError("no")

        inner = Parallel(
            Step("waits", lambda: 1, pool="db", priority=5),
            Step("fails", fails),
            on_failure="cancel",
        )
        return Parallel(
            Try(inner, catch=Step("caught", lambda: 1)), Step("b", lambda: 1, pool="db")
        )

    run = run_on(machine, flow, linger_s=0)
    assert run.go().status == "waiting"
    assert pool_waits(run) == ["b"]
    slot.release()
    assert run.go().status == "finished"


def test_a_run_that_ends_while_tasks_wait_leaves_no_wait_and_no_slot() -> None:
    machine = Full()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Step("s", lambda: 1, pool="db")

    run = run_on(machine, flow)

    async def drive() -> str:
        going = asyncio.ensure_future(run.drive())
        await run.until_frames(2)
        await run.cancel()
        return (await going).status.status

    assert asyncio.run(drive()) == "cancelled"
    assert not run.state.waits
    assert machine.queued["db"] == 0


def test_no_slot_is_taken_before_the_run_is_owned() -> None:
    machine = Machine()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(Step("s", lambda: 1, pool="db"), Step("free", lambda: 1))

    run = run_on(machine, flow)
    seen: list[int] = []

    def look(engine: Engine) -> None:
        engine.prepare()
        seen.append(machine.taken["db"])

    run.before = look
    assert run.go().status == "finished"
    assert seen == [0]
    assert not [
        one
        for frame in run.watch.frames
        for one in frame.changes
        if isinstance(one, WaitOpened) and one.kind == waits.POOL
    ]


def test_a_workflow_that_is_wrong_from_the_start_is_refused_and_nothing_is_written() -> None:
    def wrong() -> Any:
        return 5

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Task("a", agent=Scripted("one"), prompt=wrong, pool="db")

    @workflow
    def program(ctx: Context[NoInput]) -> Node:
        return Command("a", wrong, pool="db")

    for one in (flow, program):
        run = run_on(Machine(), one)
        with pytest.raises(AuthorError):
            run.go()
        assert not run.watch.frames


def test_a_run_that_waits_for_a_person_and_for_a_slot_is_left_with_both() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(Approval("ok", ask="?"), Step("s", lambda: 1, pool="db"))

    run = run_on(Full(), flow, linger_s=0)
    assert run.go().status == "waiting"
    assert {kind for _, kind in run.state.waits} == {waits.APPROVAL, waits.POOL}
    run.answer("ok")
    assert run.go().status == "waiting"
    assert pool_waits(run) == ["s"]


def test_a_child_run_that_was_left_waiting_is_driven_again_once_there_is_a_slot() -> None:
    machine, ran = Machine(), asyncio.Event()
    slot = machine.take("db", 1)
    assert slot is not None

    async def works() -> int:
        ran.set()
        return 1

    @workflow
    def inner(ctx: Context[NoInput]) -> Node:
        return Step("inner", works, pool="db")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        async def waits_for_it() -> int:
            await asyncio.sleep(0.01)
            slot.release()
            await ran.wait()
            return 1

        return Parallel(Subflow("child", inner), Step("beside", waits_for_it))

    run = run_on(machine, flow, linger_s=0)
    assert run.go().status == "finished"
    assert machine.most["db"] == 1


class _Broken(Machine):
    def take(self, pool: str, limit: int) -> None:
        raise MachineError("/state cannot keep the slots of pools: no space", hint="free some")


@pytest.mark.parametrize("how", ["take", "count_free"])
def test_a_machine_that_fails_stops_the_run_which_can_be_resumed(how: str) -> None:
    machine: Machine = _Broken() if how == "take" else Full()

    def broken(pool: str, limit: int) -> int:
        raise MachineError("/state cannot keep the slots of pools: no space", hint="free some")

    if how == "count_free":
        machine.count_free = broken  # type: ignore[method-assign]

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Step("s", lambda: 1, pool="db")

    run = run_on(machine, flow)
    with pytest.raises(MachineError, match="slots of pools"):
        run.go()
    run.settings = replace(run.settings, machine=Machine())
    assert run.go().status == "finished"


def test_killed_after_each_frame_a_run_keeps_the_limit_and_finishes() -> None:
    def flow_of(count: Count) -> Any:
        @workflow
        def flow(ctx: Context[NoInput]) -> Node:
            a, b = count.step("a", "db"), count.step("b", "db", priority=1)
            return Sequence(Parallel(a, b, count.step("c")), count.step("d", "db"))

        return flow

    frames = 1
    while True:
        count, machine = Count(), Machine()
        run = run_on(machine, flow_of(count))
        status = run.go_frames(frames)
        machine.taken.clear()  # the process died
        machine.queued.clear()
        if status == "finished":
            break
        assert run.go().status == "finished"
        assert machine.most["db"] == 1
        frames += 1
    assert frames > 4


class Busy(Machine):
    """A machine of which others have slots at random moments."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self._random = random

    def take(self, pool: str, limit: int) -> MachineSlot | None:
        return None if self._random.random() < 0.4 else super().take(pool, limit)

    def count_free(self, pool: str, limit: int) -> int:
        return 0 if self._random.random() < 0.4 else super().count_free(pool, limit)


@pytest.mark.sampled(10)
@pytest.mark.parametrize("seed", range(40))
def test_random_trees_finish_within_the_limits_of_the_machine_with_crashes_at_random(
    seed: int,
) -> None:
    random, clock, count = Random(seed), Clock(), Count()
    limits = {"a": random.randint(1, 3), "b": random.randint(1, 2)}

    @workflow(max_concurrency=6, pools={"b": 2})
    def flow(ctx: Context[NoInput]) -> Node:
        tree = random_tree(count, Random(seed), "t", 3)
        return Parallel(count.step("first", "a"), tree)

    run = Run(flow, now=clock, linger_s=1e9)
    machine = Busy(random)
    run.settings = replace(run.settings, machine_pools=limits, machine=machine)

    def go(frames: int) -> str:
        async def passing() -> None:
            while True:
                await asyncio.sleep(0)
                clock.pass_s(POLL_S)
                run.engine.look()

        async def drive() -> None:
            time = asyncio.ensure_future(passing())
            try:
                await run.drive()
            finally:
                time.cancel()

        return run.driven_frames(drive, frames)

    for frames in (*(random.randint(1, 8) for _ in range(random.randint(0, 3))), 1000):
        count.now.clear()
        machine.taken.clear()
        if go(frames) == "finished":
            break
    assert run.state.run_status == "finished"
    for name, limit in limits.items():
        assert machine.most[name] <= limit
        assert count.most[name] <= limit
    assert not +machine.taken
