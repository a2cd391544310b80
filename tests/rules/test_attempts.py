"""DESIGN 5: one try of one agent, and what its error leads to."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, cast

import pytest
from pydantic import BaseModel

from smithers import Attempt, Context, Node, NoInput, Parallel, Retry, Step, Task, workflow
from smithers.agent import Agent, Answered, Ask, Capabilities, Event, Said
from smithers.changes import AttemptEnded, AttemptStarted, Key
from smithers.engine.attempts.agent_attempt import MAX_REPAIRS
from smithers.engine.attempts.next_agent import MAX_COOLDOWNS
from smithers.engine.streams import Stream
from smithers.errors import (
    AgentError,
    Busy,
    ContextOverflow,
    MachineError,
    NotInstalled,
    NotSignedIn,
    Permanent,
    Stalled,
    Transient,
)
from smithers.tree import ErrorClass
from tests.rules.agents import HANGS, Scripted
from tests.rules.resuming import check_every_crash
from tests.rules.runs import Clock, Run

SOON = Retry(tries=3, first_s=0.01, jitter=0)


class Plan(BaseModel):
    steps: list[str]


def one(*agents: Agent, retry: Retry = SOON, timeout_s: float | None = None) -> Run:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[str]:
        return Task("task", agent=agents, prompt="do it", retry=retry, timeout_s=timeout_s)

    return Run(flow)


def plans(agent: Agent) -> Run:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Plan]:
        return Task("plan", agent=agent, prompt="plan it", output=Plan, retry=SOON)

    return Run(flow)


def states(run: Run) -> list[str]:
    return [f"{one.agent} {one.state}" for one in run.state.attempts.values()]


# -- which agent is next


def test_a_transient_error_is_tried_again_up_to_the_tries_of_the_agent() -> None:
    agent = Scripted(Transient("one"), Transient("two"), "done")
    run = one(agent)
    assert run.go().output == '"done"'
    assert states(run) == ["agent failed", "agent failed", "agent succeeded"]


def test_the_tries_count_each_agent_and_then_the_next_one_has_its_own() -> None:
    a, b = Scripted(Transient("a"), name="a"), Scripted(Transient("b"), name="b")
    run = one(a, b, retry=Retry(tries=2, first_s=0.001))
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error.message == "task failed: b"
    assert states(run) == ["a failed", "a failed", "b failed", "b failed"]


@pytest.mark.parametrize(
    "error",
    [
        Permanent("refused"),
        NotInstalled("acme", "apt install acme"),
        NotSignedIn("who"),
        ContextOverflow("too long"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_permanent_error_and_an_overflow_go_to_the_next_agent_at_once(error: AgentError) -> None:
    a, b = Scripted(error, name="a"), Scripted("from b", name="b")
    run = one(a, b, retry=Retry(tries=5, first_s=60))
    assert run.go(within_s=5).output == '"from b"'
    assert len(a.asks) == 1
    stored = run.state.attempts[1].error
    assert stored is not None
    assert (stored.kind, stored.then) == (type(error).__name__, error.then)


def test_when_all_agents_are_out_the_task_fails_with_the_hint_of_the_last() -> None:
    run = one(Scripted(Permanent("refused", hint="ask for less")))
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error.hint == "ask for less"


def test_an_error_of_no_known_class_is_not_tried_again() -> None:
    agent = Scripted(KeyError("a bug of the adapter"))
    run = one(agent)
    assert run.go().status == "failed"
    assert len(agent.asks) == 1


def test_the_wait_before_a_retry_grows_and_is_changed_by_its_jitter() -> None:
    plain = Retry(first_s=1, factor=2, max_s=5, jitter=0)
    assert [plain.wait_s(n, 0.9) for n in (1, 2, 3, 4, 400)] == [1, 2, 4, 5, 5]
    shaken = Retry(first_s=10, jitter=0.2)
    assert [shaken.wait_s(1, random) for random in (0, 0.5, 1)] == [8, 10, 12]


def test_a_retry_waits_as_a_row_until_its_time() -> None:
    clock = Clock()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        agent = Scripted(Transient("cut"), "done")
        return Task("task", agent=agent, prompt="p", retry=Retry(first_s=100, max_s=200, jitter=0))

    run = Run(flow, now=clock)
    assert run.go().status == "waiting"
    wait = run.state.waits[Key("task"), "retry"].opened
    assert wait.due == clock() + timedelta(seconds=100)


# -- busy


def test_a_busy_agent_cools_down_the_next_takes_over_and_no_try_is_spent() -> None:
    clock = Clock()
    until = clock() + timedelta(hours=1)
    a = Scripted(Busy("acme", until), name="a")
    b = Scripted("b 1", "b 2", name="b")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Task("first", agent=[a, b], prompt="p", retry=Retry(tries=1))
        return Parallel(first, Task("second", agent=[a, b], prompt="p", needs=[first]))

    run = Run(flow, now=clock)
    assert run.go().status == "finished"
    assert len(a.asks) == 1, "the second task does not ask the agent that cools down"
    assert states(run) == ["a failed", "b succeeded", "b succeeded"]


def test_when_all_cool_down_the_run_waits_for_the_first_and_goes_on() -> None:
    clock = Clock()
    a = Scripted(Busy("a", clock() + timedelta(hours=2)), "from a", name="a")
    b = Scripted(Busy("b", clock() + timedelta(hours=1)), "from b", name="b")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Task("task", agent=[a, b], prompt="p", retry=Retry(tries=1))

    run = Run(flow, now=clock)
    assert run.go().status == "waiting"
    wait = run.state.waits[Key("task"), "cooldown"].opened
    assert wait.due == clock() + timedelta(hours=1)
    assert run.go().status == "waiting"
    assert len(a.asks) + len(b.asks) == 2
    clock.pass_s(3601)
    assert run.go().status == "finished"


def test_a_near_cooldown_is_waited_for_by_the_same_owner() -> None:
    agent = Scripted("done")
    run = one(agent)
    agent.script.insert(0, Busy("acme", run.now() + timedelta(seconds=0.2)))
    assert run.go().status == "finished"
    assert states(run) == ["agent failed", "agent succeeded"]


def test_a_busy_that_tells_a_time_in_the_past_is_no_hot_loop() -> None:
    clock = Clock()
    agent = Scripted(Busy("acme", clock() - timedelta(hours=1)))

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Task("task", agent=agent, prompt="p")

    run = Run(flow, now=clock, linger_s=5)
    assert run.go().status == "waiting"
    assert len(agent.asks) == 1


def test_the_cooldowns_of_a_task_are_bounded() -> None:
    clock = Clock()
    agent = Scripted(Busy("acme"))

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Task("task", agent=agent, prompt="p")

    run = Run(flow, now=clock, linger_s=5)
    for _ in range(MAX_COOLDOWNS):
        assert run.go().status == "waiting"
        clock.pass_s(1000)
    assert run.go().status == "failed"
    assert len(agent.asks) == MAX_COOLDOWNS + 1


# -- clocks


def test_at_its_time_out_an_attempt_is_stopped_and_tried_again() -> None:
    agent = Scripted(HANGS, "done")
    run = one(agent, timeout_s=0.05)
    assert run.go().status == "finished"
    assert agent.stopped == 1
    error = run.state.attempts[1].error
    assert error is not None
    assert (error.kind, error.message) == ("Transient", "no answer within 0.05 s")


def test_both_clocks_are_told_to_the_agent() -> None:
    agent = Scripted("done")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Task("task", agent=agent, prompt="p", timeout_s=7, idle_s=3)

    assert Run(flow).go().status == "finished"
    assert (agent.asks[0].timeout_s, agent.asks[0].idle_s) == (7, 3)


def test_silence_is_a_transient_error() -> None:
    run = one(Scripted(Stalled(300), "done"))
    assert run.go().status == "finished"
    assert states(run) == ["agent failed", "agent succeeded"]


def test_a_step_is_not_retried_unless_asked() -> None:
    calls = count(1)

    def flaky() -> int:
        if (number := next(calls)) < 3:
            raise ValueError(f"try {number}")
        return number

    @workflow
    def once(ctx: Context[NoInput]) -> Node:
        return Step("step", flaky)

    @workflow
    def thrice(ctx: Context[NoInput]) -> Node:
        return Step("step", flaky, retry=SOON)

    assert Run(once).go().status == "failed"
    assert Run(thrice).go().status == "finished"


def test_at_its_time_out_a_step_is_told_and_its_result_dropped() -> None:
    import threading

    told: list[bool] = []
    over = threading.Event()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def slow(attempt: Attempt) -> str:
            for _ in range(500):
                if over.wait(0.01) or attempt.cancelled:
                    break
            told.append(attempt.cancelled)
            attempt.heartbeat("too late")
            over.set()
            return "dropped"

        return Step("slow", slow, timeout_s=0.05)

    run = Run(flow)
    assert run.go().status == "failed"
    assert over.wait(5)
    assert told == [True]
    assert not list(run.folder.rglob("*.jsonl")), "nobody hears it any more"
    error = run.state.ended[Key("slow")].error
    assert error is not None
    assert error.message == "no result within 0.05 s"


def test_what_a_plain_function_gives_is_awaited_within_the_time_of_its_step() -> None:
    """Its call is over before the step has a task; what it gave is not."""
    awaited = list[str]()

    async def later(name: str) -> str:
        awaited.append(asyncio.current_task().get_name())  # type: ignore[union-attr]
        await asyncio.sleep(0 if name == "soon" else 600)
        return name

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(
            Step("soon", lambda: later("soon"), output=str),
            Step("never", lambda: later("never"), timeout_s=0.05, needs=["soon"]),
        )

    run = Run(flow)
    assert run.go().status == "failed"
    assert awaited == ["soon", "never"]
    assert [one.state for one in run.state.attempts.values()] == ["succeeded", "failed"]
    error = run.state.attempts[2].error
    assert error is not None
    assert error.message == "no result within 0.05 s"


def test_the_key_of_an_attempt_is_the_same_for_all_of_its_task() -> None:
    keys: list[str] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def run(attempt: Attempt) -> None:
            keys.append(attempt.key)
            if attempt.number == 1:
                raise ValueError("again")

        return Step("step", run, retry=SOON)

    assert Run(flow).go().status == "finished"
    assert keys == ["r1/step"] * 2


def test_a_step_that_raises_what_is_no_exception_fails_alone() -> None:
    class Odd(BaseException):
        pass

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def exits() -> None:
            raise SystemExit(3)

        def odd() -> None:
            raise Odd("x")

        async def odd_too() -> None:
            raise Odd("y")

        async def leaves() -> None:
            raise KeyboardInterrupt

        async def cancels() -> None:
            raise asyncio.CancelledError

        functions = (exits, odd, odd_too, leaves, cancels)
        return Parallel(
            *(Step(one.__name__, one, on_failure="continue") for one in functions),
            Step("fine", lambda: 1),
        )

    run = Run(flow)
    assert run.go().status == "finished"
    for id in ("exits", "odd", "odd_too", "leaves", "cancels"):
        assert run.outcome(id) == "failed", id
    assert run.outcome("fine") == "finished"


def test_every_attempt_that_started_has_ended() -> None:
    run = one(Scripted(Transient("a"), Busy("b"), "done", name="a"), Scripted("b", name="b"))
    assert run.go().status == "finished"
    changes = [change for frame in run.watch.frames for change in frame.changes]
    started = [change.serial for change in changes if isinstance(change, AttemptStarted)]
    ended = [change.serial for change in changes if isinstance(change, AttemptEnded)]
    assert started == ended == [1, 2, 3]


def test_an_agent_without_a_clock_of_its_own_is_ended_by_silence() -> None:
    class Mute:
        name = "mute"
        can = Capabilities()

        async def run(self, ask: Ask) -> AsyncIterator[Event]:
            yield Said("well")
            await asyncio.Event().wait()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Task("task", agent=Mute(), prompt="p", idle_s=0.02, retry=Retry(tries=1))

    status = Run(flow).go().error
    assert status is not None
    assert (status.kind, "0.02 s" in status.message) == ("Stalled", True)


def test_a_log_that_cannot_be_written_stops_the_owner_and_spends_no_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full = [MachineError("x.jsonl cannot be written", path="x.jsonl", errno=errno.ENOSPC)]
    write = Stream.write

    def may_fail(self: Stream, data: Mapping[str, object]) -> None:
        if full:
            raise full.pop()
        write(self, data)

    monkeypatch.setattr(Stream, "write", may_fail)
    run = one(Scripted("done"), retry=Retry(tries=1))
    with pytest.raises(MachineError, match=r"x\.jsonl cannot be written"):
        run.go()
    assert states(run) == ["agent interrupted"]
    assert run.go().status == "finished"
    assert states(run) == ["agent interrupted", "agent succeeded"]


def test_a_paid_answer_counts_though_its_log_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(self: Stream, data: Mapping[str, object]) -> None:
        raise MachineError("x.jsonl cannot be written")

    monkeypatch.setattr(Stream, "write", full)
    run = one(Scripted([Answered("paid")]))
    assert run.go().output == '"paid"'


# -- which errors are retried


def calls(run: Run) -> int:
    return len(run.state.attempts)


def test_a_step_is_retried_only_after_the_errors_that_its_author_names() -> None:
    errors = iter([TimeoutError("late"), ConnectionResetError("cut"), KeyError("other")])

    def work() -> int:
        raise next(errors)

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        only = (TimeoutError, ConnectionError)
        return Step("s", work, retry=Retry(tries=9, first_s=0.001, only=only))

    run = Run(flow)
    assert run.go().status == "failed"
    assert calls(run) == 3  # a subclass is one of them; a KeyError is not


def test_a_step_that_is_late_is_retried_if_only_names_transient_errors() -> None:
    async def work(attempt: Attempt) -> int:
        if attempt.number == 1:
            await asyncio.Event().wait()
        return 1

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        retry = Retry(first_s=0.001, only="transient")
        return Step("s", work, timeout_s=0.01, retry=retry)

    assert Run(flow).go().status == "finished"


def test_an_agent_whose_error_is_not_named_is_out_and_the_next_takes_over() -> None:
    a, b = Scripted(Transient("cut"), name="a"), Scripted("from b", name="b")
    run = one(a, b, retry=Retry(first_s=60, only="busy"))
    assert run.go(within_s=5).output == '"from b"'
    assert states(run) == ["a failed", "b succeeded"]
    alone = one(Scripted(Transient("cut")), retry=Retry(first_s=60, only="busy"))
    assert alone.go().status == "failed"
    assert calls(alone) == 1


def test_an_agent_at_its_limit_is_waited_for_only_if_busy_is_named() -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    for only, status in (("transient", "failed"), (("transient", "busy"), "waiting")):
        retry = Retry(only=cast("ErrorClass", only))
        assert one(Scripted(Busy("acme", until)), retry=retry).go().status == status


def test_a_type_names_its_subclasses_and_no_others() -> None:
    agent = Scripted(Stalled(1), Stalled(1), Transient("cut"), "done")
    run = one(agent, retry=Retry(tries=9, first_s=0.001, only=Stalled))
    assert run.go().status == "failed"
    assert calls(run) == 3


def test_an_answer_that_stayed_wrong_is_asked_for_again_if_it_is_named() -> None:
    def wrong(retry: Retry) -> Run:
        agent = Scripted(*["no JSON"] * (1 + MAX_REPAIRS), '{"steps": []}')

        @workflow
        def flow(ctx: Context[NoInput]) -> Node[Plan]:
            return Task("plan", agent=agent, prompt="plan it", output=Plan, retry=retry)

        return Run(flow)

    run = wrong(Retry(first_s=0.001, only="bad output"))
    assert run.go().status == "finished"
    assert calls(run) == 2
    assert wrong(SOON).go().status == "failed"


def test_which_errors_are_retried_is_the_same_after_a_crash_at_every_frame() -> None:
    def make() -> Any:
        a = Scripted(Transient("cut"), name="a")
        b = Scripted(*["no JSON"] * (1 + MAX_REPAIRS), '{"steps": []}', name="b")

        @workflow
        def flow(ctx: Context[NoInput]) -> Node:
            retry = Retry(first_s=0, only="bad output")
            return Task("plan", agent=[a, b], prompt="p", output=Plan, retry=retry)

        return flow

    check_every_crash(make)
