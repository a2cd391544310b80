"""DESIGN 6: where no agent of a task is installed or signed in, the run waits and says so."""

from __future__ import annotations

from typing import Literal

from smithers import Approval, Context, ForEach, Node, NoInput, Parallel, Retry, Task, workflow
from smithers.agent import Agent
from smithers.changes import Key
from smithers.errors import Busy, NotInstalled, NotSignedIn, Permanent, Transient
from tests.rules.agents import Scripted
from tests.rules.runs import Clock, Run

GONE = NotInstalled("Acme", "apt install acme")
OUT = NotSignedIn("who are you", hint="run `acme login`")


def one(*agents: Agent, on_failure: Literal["fail", "continue"] = "fail") -> Run:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[str]:
        retry = Retry(tries=1)
        return Task("task", agent=agents, prompt="p", retry=retry, on_failure=on_failure)

    return Run(flow, now=Clock(), linger_s=5)


def states(run: Run) -> list[str]:
    return [f"{one.agent} {one.number} {one.state}" for one in run.state.attempts.values()]


def test_the_run_waits_and_names_what_is_missing() -> None:
    run = one(Scripted(GONE, name="a"), Scripted(OUT, name="b"))
    assert run.go().status == "waiting"
    wait = run.state.waits[Key("task"), "agents"].opened
    assert wait.due is None
    assert wait.asked is not None
    assert wait.asked.splitlines() == [
        "a: Acme is not installed (install it with `apt install acme`)",
        "b: who are you (run `acme login`)",
    ]


def test_the_next_owner_tries_again_and_the_old_failures_no_longer_count() -> None:
    a = Scripted(GONE, GONE, "from a", name="a")
    run = one(a)
    assert run.go().status == "waiting"
    assert run.go().status == "waiting"
    assert run.go().output == '"from a"'
    assert states(run) == ["a 1 failed", "a 2 failed", "a 3 succeeded"]


def test_an_agent_that_was_there_and_failed_is_no_missing_one() -> None:
    a = Scripted(Transient("cut"), name="a")
    b = Scripted(OUT, name="b")
    run = one(a, b)
    assert run.go().status == "failed", "a was there, and failed for good"


def test_an_agent_that_cools_down_is_waited_for_instead() -> None:
    run = one(Scripted(GONE, name="a"), Scripted(Busy("b"), "from b", name="b"))
    assert run.go().status == "waiting"
    assert list(run.state.waits) == [(Key("task"), "cooldown")]


def test_a_mix_of_causes_fails_the_task() -> None:
    run = one(Scripted(GONE, name="a"), Scripted(Permanent("refused"), name="b"))
    assert run.go().status == "failed"


def test_a_failure_that_the_author_allows_is_not_waited_for() -> None:
    run = one(Scripted(GONE), on_failure="continue")
    assert run.go().status == "finished"
    assert run.outcome("task") == "failed"


def test_what_can_go_on_without_goes_on() -> None:
    needed = Scripted(GONE, "came", name="a")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(
            Task("needs", agent=needed, prompt="p"),
            Task("free", agent=Scripted("free", name="b"), prompt="p"),
            Approval("ship", ask="?"),
        )

    run = Run(flow)
    assert run.go().status == "waiting"
    assert run.outcome("free") == "finished"
    run.answer("ship")
    assert run.go().status == "finished"
    assert run.output("needs") == '"came"'


def test_a_sibling_that_fails_ends_the_wait() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(
            Task("needs", agent=Scripted(GONE, name="a"), prompt="p"),
            Approval("ship", ask="?", on_deny="fail"),
        )

    run = Run(flow)
    assert run.go().status == "waiting"
    run.answer("ship", approved=False)
    assert run.go().status == "failed"
    assert run.outcome("needs") == "cancelled", "the new owner had not tried it again yet"
    assert not run.state.waits


def test_a_fan_out_asks_a_missing_agent_once_at_a_time_and_not_for_each_item() -> None:
    agent = Scripted(GONE)

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return ForEach(
            lambda: [str(number) for number in range(100)],
            key=str,
            each=lambda item: Task(f"t{item}", agent=agent, prompt="p"),
            id="all",
        )

    run = Run(flow, max_concurrency=4, now=Clock())
    assert run.go().status == "waiting"
    assert len(agent.asks) <= 4
    assert len(run.state.waits) == 100
    agent.script[:] = ["done"]
    assert run.go().status == "finished"


def test_the_wait_holds_the_slot_of_a_limit_until_the_next_owner_comes() -> None:
    clock, gone, there = Clock(), Scripted(GONE, "came", name="a"), Scripted("b", name="b")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(
            Task("one", agent=gone, prompt="p"), Task("two", agent=there, prompt="p"), limit=1
        )

    run = Run(flow, now=clock)
    assert run.go().status == "waiting"
    assert not there.asks
    assert run.go().status == "finished"
