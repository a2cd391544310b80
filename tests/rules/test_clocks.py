"""Which clock decides: the wall clock is set and the machine sleeps while a run waits."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from smithers import (
    Approval,
    Budget,
    Context,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Task,
    Workflow,
)
from smithers import workflow as define
from smithers.agent import Ask
from smithers.changes import Key, StatusChanged, WaitKind
from smithers.engine.endings import Ending
from smithers.engine.silence import silence
from smithers.errors import Busy, Stalled, Transient
from smithers.tree import Retry
from tests.rules.agents import HANGS, Scripted
from tests.rules.runs import Clock, Run
from tests.trust.simulation import VirtualLoop

HOUR_S = 3600.0
SET = pytest.mark.parametrize("set_by_s", [-HOUR_S, HOUR_S], ids=["back", "forward"])
Make = Callable[[Clock], Node[Any]]


class Driven:
    """A run of `node` that an owner drives meanwhile, on a clock that a test moves."""

    def __init__(self, node: Make, **options: Any) -> None:
        self.clock = Clock()

        def flow(ctx: Context[NoInput]) -> Node[Any]:
            return node(self.clock)

        make = cast("Callable[[object], Workflow[NoInput, Any]]", define(**options))
        self.run = Run(make(flow), now=self.clock, linger_s=10 * HOUR_S)
        self.task: asyncio.Task[Ending] | None = None

    async def until_it_waits(self, *kinds: WaitKind) -> None:
        """Drive it until these waits are open, and its owner has nothing else to do."""
        self.task = self.task or asyncio.ensure_future(self.run.drive())
        await self.until(lambda: all(self.waits(kind) for kind in kinds))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let the owner work until something holds."""
        async with asyncio.timeout(20):
            while not holds():  # noqa: ASYNC110  # nothing tells of it
                await asyncio.sleep(0)

    def waits(self, kind: WaitKind) -> bool:
        return hasattr(self.run, "engine") and any(
            open == kind for _, open in self.run.engine.state.waits
        )

    async def stays(self) -> None:
        """The owner looks at the clock several times, and nothing is due."""
        assert self.task is not None
        for _ in range(3):
            self.run.engine._timers.ring()  # pyright: ignore[reportPrivateUsage]  # the alarm
            for _ in range(20):
                await asyncio.sleep(0)
        assert not self.task.done(), await self.task

    async def ends(self) -> StatusChanged:
        """How it ends by itself."""
        assert self.task is not None
        async with asyncio.timeout(20):
            return (await self.task).status


def drive(test: Callable[[], Any]) -> None:
    asyncio.run(test())


def retried(_: Clock) -> Node[Any]:
    agent = Scripted(Transient("cut"), "done")
    return Task("task", agent=agent, prompt="p", retry=Retry(first_s=4, jitter=0))


def asked(_: Clock) -> Node[Any]:
    return Approval("ok", ask="ok?", timeout_s=60)


def cooled(_: Clock) -> Node[Any]:
    agent = Scripted(Busy("acme", None), "done")
    return Task("task", agent=agent, prompt="p")


@SET
def test_a_retry_comes_after_its_time_however_the_clock_is_set(set_by_s: float) -> None:
    async def test() -> None:
        driven = Driven(retried)
        await driven.until_it_waits("retry")
        driven.clock.pass_s(1)
        driven.clock.set_by_s(set_by_s)
        driven.clock.pass_s(2.9)
        await driven.stays()
        driven.clock.pass_s(0.1)
        assert (await driven.ends()).status == "finished"

    drive(test)


@SET
def test_a_question_is_open_for_its_time_however_the_clock_is_set(set_by_s: float) -> None:
    async def test() -> None:
        driven = Driven(asked)
        await driven.until_it_waits("approval")
        driven.clock.set_by_s(set_by_s)
        driven.clock.pass_s(59.9)
        await driven.stays()
        driven.clock.pass_s(0.1)
        assert (await driven.ends()).status == "failed"

    drive(test)


@SET
def test_an_answer_counts_while_the_question_is_open_however_the_clock_is_set(
    set_by_s: float,
) -> None:
    async def test() -> None:
        driven = Driven(asked)
        await driven.until_it_waits("approval")
        driven.clock.set_by_s(set_by_s)
        driven.clock.pass_s(59)
        await driven.run.offer_answer("ok")
        assert (await driven.ends()).status == "finished"

    drive(test)


@SET
def test_an_agent_cools_down_for_its_time_however_the_clock_is_set(set_by_s: float) -> None:
    async def test() -> None:
        driven = Driven(cooled)
        await driven.until_it_waits("cooldown")
        driven.clock.set_by_s(set_by_s)
        driven.clock.pass_s(29.9)
        await driven.stays()
        driven.clock.pass_s(0.1)
        assert (await driven.ends()).status == "finished"

    drive(test)


def test_a_second_refusal_after_the_clock_went_back_cools_down_longer_and_is_kept() -> None:
    async def test() -> None:
        agent = Scripted(Busy("acme", None), Busy("acme", None), "done")
        driven = Driven(lambda _: Task("task", agent=agent, prompt="p"))
        await driven.until_it_waits("cooldown")
        driven.clock.set_by_s(-HOUR_S)
        driven.clock.pass_s(30)
        await driven.until(lambda: len(agent.asks) == 2 and driven.waits("cooldown"))
        (kept,) = await driven.run.store.cooldowns()
        assert kept.until == driven.clock() + timedelta(seconds=60)
        driven.clock.pass_s(60)
        assert (await driven.ends()).status == "finished"

    drive(test)


def test_a_time_that_the_provider_named_is_one_of_the_wall_clock() -> None:
    async def test() -> None:
        def named(clock: Clock) -> Node[Any]:
            agent = Scripted(Busy("acme", clock() + timedelta(hours=1)), "done")
            return Task("task", agent=agent, prompt="p")

        driven = Driven(named)
        await driven.until_it_waits("cooldown")
        driven.clock.set_by_s(HOUR_S - 1)
        await driven.stays()
        driven.clock.set_by_s(1)
        assert (await driven.ends()).status == "finished"

    drive(test)


@SET
def test_a_deadline_is_reached_after_its_time_however_the_clock_is_set(set_by_s: float) -> None:
    async def test() -> None:
        driven = Driven(lambda _: Approval("ok", ask="ok?"), deadline_s=100)
        await driven.until_it_waits("approval")
        driven.clock.set_by_s(set_by_s)
        driven.clock.pass_s(99.9)
        await driven.stays()
        driven.clock.pass_s(0.1)
        error = (await driven.ends()).error
        assert error is not None
        assert error.kind == "DeadlineExceeded"

    drive(test)


def test_what_a_person_waits_for_counts_the_sleep_of_the_machine_and_a_retry_does_not() -> None:
    async def test() -> None:
        def both(clock: Clock) -> Node[Any]:
            question = Approval("ok", ask="ok?", timeout_s=60, on_deny="continue")
            return Parallel(retried(clock), question)

        driven = Driven(both)
        await driven.until_it_waits("retry", "approval")
        driven.clock.sleep_s(59)
        await driven.stays()
        assert {kind for _, kind in driven.run.engine.state.waits} == {"retry", "approval"}
        driven.clock.sleep_s(1)
        await driven.until(lambda: not driven.waits("approval"))
        assert driven.waits("retry")
        driven.clock.pass_s(4)
        await driven.ends()
        assert driven.run.engine.state.ended[Key("task")].outcome == "finished"

    drive(test)


def test_after_a_restart_the_wall_clock_decides() -> None:
    clock = Clock()

    @define
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return asked(clock)

    run = Run(flow, now=clock, linger_s=1)
    assert run.go().status == "waiting"
    clock.set_by_s(58)
    assert run.go().status == "waiting"
    clock.set_by_s(2)
    assert run.go().status == "failed"


def test_a_cooldown_that_was_written_before_the_clock_went_back_is_no_longer_than_it_was() -> None:
    clock = Clock()
    agent = Scripted(Busy("acme", None), "done")

    @define
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return Task("task", agent=agent, prompt="p", cwd=None)

    first = Run(flow, now=clock, linger_s=1)
    assert first.go().status == "waiting"
    clock.set_by_s(-HOUR_S)
    second = Run(flow, now=clock, linger_s=1)
    second.store._cooldowns.update(first.store._cooldowns)  # pyright: ignore[reportPrivateUsage]  # as of one database
    assert second.go().status == "waiting"
    due = second.state.waits[Key("task"), "cooldown"].opened.due
    assert due == clock() + timedelta(seconds=30)


def test_setting_the_clock_forward_spends_no_budget_of_time() -> None:
    clock = Clock()

    @define(budget=Budget(time_s=50))
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        def set_meanwhile() -> None:
            clock.set_by_s(HOUR_S)
            clock.pass_s(20)

        hangs = Task("hangs", agent=Scripted(HANGS), prompt="p")
        return Parallel(hangs, Sequence(Step("a", set_meanwhile), Step("next", lambda: 1)))

    run = Run(flow, now=clock)

    async def test() -> None:
        going = asyncio.ensure_future(run.drive())
        async with asyncio.timeout(20):
            while "next#1" not in run.starts:
                await asyncio.sleep(0)
                assert not any(kind == "budget" for _, kind in run.engine.state.waits)
        run.engine.stop()
        await going

    drive(test)


@SET
def test_a_program_that_still_writes_is_not_silent_however_the_clock_is_set(
    set_by_s: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = tmp_path / "raw.jsonl"
    ask = Ask(prompt="p", cwd=tmp_path, idle_s=10, raw=raw)

    async def test() -> None:
        loop, epoch = asyncio.get_running_loop(), 1e9
        set_s = 0.0
        monkeypatch.setattr("time.time", lambda: epoch + loop.time() + set_s)
        began = loop.time()

        def grow() -> None:
            with raw.open("a") as file:
                file.write("line\n")
            os.utime(raw, (time.time(), time.time()))

        async def work() -> None:
            nonlocal set_s
            async with silence(ask):
                await asyncio.sleep(19)
                grow()
                set_s = set_by_s
                await asyncio.sleep(19)
                grow()
                await asyncio.sleep(1000)

        grow()
        with pytest.raises(Stalled):
            await work()
        assert 38 + 20 <= loop.time() - began <= 38 + 2 * 20

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(test())


def test_an_agent_that_is_slow_to_clean_up_has_stalled(tmp_path: Path) -> None:
    async def work() -> None:
        async with silence(Ask(prompt="p", cwd=tmp_path, idle_s=10)):
            try:
                await asyncio.sleep(1000)
            finally:
                async with asyncio.timeout(1):
                    await asyncio.sleep(5)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner, pytest.raises(Stalled):
        runner.run(work())
