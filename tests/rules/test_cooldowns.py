"""DESIGN 5: an agent over its limit cools down, durably and for the whole store."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from smithers import Context, Node, NoInput, Parallel, Retry, Sequence, Step, Task, workflow
from smithers.agent import Agent
from smithers.changes import Key
from smithers.engine.attempts.limits import BACKOFF_MAX_S, MAX_TOLD_S, cooled
from smithers.errors import Busy, Transient
from smithers.store import Cooldown, Owner
from tests.rules.agents import Scripted
from tests.rules.runs import Clock, Run
from tests.store.samples import first_frame, frame, new_run


class Shares(Scripted):
    """An agent whose limit is shared by all that give the same."""

    def __init__(self, *script: str | Exception, name: str, limit: str) -> None:
        super().__init__(*script, name=name)
        self.limit = limit


def one(*agents: Agent, clock: Clock, linger_s: float = 5) -> Run:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[str]:
        return Task("task", agent=agents, prompt="do it", retry=Retry(tries=1))

    return Run(flow, now=clock, linger_s=linger_s)


def agents(run: Run) -> list[str]:
    return [attempt.agent for attempt in run.state.attempts.values()]


def kept(run: Run) -> dict[str, Cooldown]:
    return {one.key: one for one in asyncio.run(run.store.cooldowns())}


def met(run: Run, known: Cooldown) -> None:
    """Another run of the same store has met a limit."""

    async def write() -> None:
        other = Owner(id="other", host="here", pid=2, started="0")
        claim = await run.store.create(new_run("other"), other, first_frame())
        await run.store.commit(claim, frame(1), (), [known])

    asyncio.run(write())


def over(key: str, until: datetime) -> Cooldown:
    """What another run says of a limit."""
    return Cooldown(
        key=key,
        agent=key,
        until=until,
        told=True,
        refused=1,
        reason="over",
        run_id="other",
        at=until - timedelta(hours=1),
    )


def test_a_cooldown_outlives_its_owner() -> None:
    clock = Clock()
    a = Scripted(Busy("a", clock() + timedelta(hours=2)), "from a", name="a")
    b = Scripted(Busy("b", clock() + timedelta(hours=1)), "from b", name="b")
    run = one(a, b, clock=clock)
    assert run.go().status == "waiting"
    clock.pass_s(3601)
    assert run.go().status == "finished"
    assert run.output("task") == '"from b"'


def test_what_another_run_met_is_known_before_the_first_attempt() -> None:
    clock = Clock()
    a, b = Scripted("from a", name="a"), Scripted("from b", name="b")
    run = one(a, b, clock=clock)
    met(run, over("a", clock() + timedelta(hours=1)))
    assert run.go().output == '"from b"'
    assert agents(run) == ["b"]


def test_agents_that_share_a_limit_cool_down_together() -> None:
    clock = Clock()
    large = Shares(Busy("acme", clock() + timedelta(hours=1)), name="large", limit="acme")
    small = Shares("from small", name="small", limit="acme")
    other = Shares("from other", name="other", limit="umbrella")
    run = one(large, small, other, clock=clock)
    assert run.go().output == '"from other"'
    assert agents(run) == ["large", "other"]
    assert list(kept(run)) == ["acme"]


def test_an_agent_that_is_back_before_the_task_starts_is_the_first_choice_again() -> None:
    clock = Clock()
    a = Scripted(Busy("a", clock() + timedelta(hours=1)), "from a", name="a")
    b = Scripted("from b", name="b")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Task("first", agent=[a, b], prompt="p")
        later = Step("later", lambda: clock.pass_s(3601), needs=[first])
        return Parallel(first, later, Task("second", agent=[a, b], prompt="p", needs=[later]))

    run = Run(flow, now=clock)
    assert run.go().status == "finished"
    assert agents(run) == ["a", "b", "python", "a"]


def test_the_attempt_that_took_over_names_the_limits_that_were_passed_over() -> None:
    clock = Clock()
    a = Scripted(Busy("a", clock() + timedelta(hours=1)), name="a")
    run = one(a, Scripted("from b", name="b"), clock=clock)
    assert run.go().status == "finished"
    started = [change for one in run.watch.frames for change in one.changes]
    skipped = [getattr(change, "skipped", None) for change in started]
    assert [one for one in skipped if one is not None] == [(), ("a",)]


def test_a_limit_that_another_run_met_meanwhile_is_seen_before_the_next_attempt() -> None:
    clock = Clock()
    a, b = Scripted("from a", name="a"), Scripted("from b", name="b")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        async def meanwhile() -> None:
            await asyncio.to_thread(met, run, over("a", clock() + timedelta(hours=1)))

        return Sequence(
            Task("first", agent=[a, b], prompt="p"),
            Step("meanwhile", meanwhile),
            Task("second", agent=[a, b], prompt="p"),
        )

    run = Run(flow, now=clock)
    assert run.go().status == "finished"
    assert agents(run) == ["a", "python", "b"]


def test_a_first_attempt_that_must_wait_holds_the_slot_of_a_limit() -> None:
    clock = Clock()
    cold, warm = Scripted("late", name="cold"), Scripted("soon", name="warm")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(
            Task("one", agent=cold, prompt="p"),
            Task("two", agent=warm, prompt="p"),
            limit=1,
        )

    run = Run(flow, now=clock, linger_s=5)
    met(run, over("cold", clock() + timedelta(hours=1)))
    for _ in range(2):
        assert run.go().status == "waiting"
        assert agents(run) == []
        wait = run.state.waits[Key("one"), "cooldown"].opened
        assert (wait.due, wait.on) == (clock() + timedelta(hours=1), ("cold",))
    clock.pass_s(3601)
    assert run.go().status == "finished"
    assert agents(run) == ["cold", "warm"]


def test_a_task_whose_data_is_not_there_waits_for_that_and_holds_no_slot() -> None:
    clock = Clock()
    cold, warm = Scripted("late", name="cold"), Scripted("soon", name="warm")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        two = Task("two", agent=warm, prompt="p")
        one = Task("one", agent=cold, prompt=lambda: f"after {ctx[two]}")
        return Parallel(one, two, limit=1)

    run = Run(flow, now=clock, linger_s=5)
    met(run, over("cold", clock() + timedelta(hours=1)))
    assert run.go().status == "waiting"
    assert run.outcome("two") == "finished"
    assert (Key("one"), "cooldown") in run.state.waits
    clock.pass_s(3601)
    assert run.go().status == "finished"
    assert cold.asks[0].prompt == "after soon"


def test_the_next_owner_goes_on_at_once_when_a_person_ended_the_cooldown() -> None:
    clock = Clock()
    a = Scripted(Busy("a", clock() + timedelta(hours=5)), "from a", name="a")
    run = one(a, clock=clock)
    assert run.go().status == "waiting"
    assert run.go().status == "waiting"
    assert len(a.asks) == 1
    assert asyncio.run(run.store.end_cooldown("a"))
    assert run.go().output == '"from a"'


def test_many_attempts_that_run_into_one_limit_are_one_refusal() -> None:
    clock = Clock()
    a = Scripted(Busy("a"), name="a")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(*(Task(f"t{n}", agent=a, prompt="p") for n in range(8)))

    run = Run(flow, now=clock, linger_s=5)
    assert run.go().status == "waiting"
    assert kept(run)["a"].refused == 1
    assert kept(run)["a"].until == clock() + timedelta(seconds=30)


def test_the_backoff_grows_with_the_refusals_of_the_key_whoever_met_them() -> None:
    clock = Clock()
    a = Scripted(Busy("a"), name="a")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Sequence(*(Task(f"t{n}", agent=a, prompt="p") for n in range(8)))

    waits: list[float] = []
    run = Run(flow, now=clock, linger_s=5)
    for number in range(7):
        if number == 3:  # another task of another run
            known, run = kept(run)["a"], one(a, clock=clock)
            met(run, known)
        assert run.go().status == "waiting"
        waits.append((kept(run)["a"].until - clock()).total_seconds())
        clock.pass_s(waits[-1])
    assert waits == [30, 60, 120, 240, 480, BACKOFF_MAX_S, BACKOFF_MAX_S]


NOW = Clock()()


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (NOW + timedelta(seconds=90), 90),
        ((NOW + timedelta(seconds=90)).replace(tzinfo=None), 90),
        (NOW - timedelta(seconds=1), 30),
        (NOW + timedelta(days=400), MAX_TOLD_S),
        (None, 30),
    ],
)
def test_a_cooldown_is_as_long_as_told_within_reason(told: datetime | None, seconds: int) -> None:
    found = cooled(Scripted(name="a"), told, None, began=NOW, now=NOW, reason="r", run_id="r1")
    assert found.until == NOW + timedelta(seconds=seconds)
    assert found.told == (seconds != 30)


def test_a_refusal_long_after_the_last_one_begins_anew() -> None:
    def again(after_s: float) -> int:
        first = cooled(Scripted(), None, None, began=NOW, now=NOW, reason="r", run_id="r1")
        at = NOW + timedelta(seconds=after_s)
        return cooled(Scripted(), None, first, began=at, now=at, reason="r", run_id="r1").refused

    assert [again(30), again(89), again(91)] == [2, 2, 1]


def test_a_failure_of_another_kind_cools_nothing_down() -> None:
    clock = Clock()
    run = one(Scripted(Transient("cut"), name="a"), Scripted("b", name="b"), clock=clock)
    assert run.go().status == "finished"
    assert kept(run) == {}
