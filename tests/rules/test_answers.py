"""DESIGN 5: what an agent answered, the session it did it in, and what that used."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from pydantic import BaseModel

from smithers import Context, Node, NoInput, Retry, Task, workflow
from smithers.agent import Agent, Answered, Ask, Capabilities, Event, Said, Started, Used
from smithers.changes import AttemptStarted, SessionSeen, UsageCounted
from smithers.engine.attempts.agent_attempt import MAX_REPAIRS
from smithers.engine.attempts.answers import INTERRUPTED, REPAIR
from smithers.errors import (
    Permanent,
    Transient,
)
from tests.rules.agents import HANGS, Scripted
from tests.rules.runs import Run

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


# -- bad output


def test_a_bad_answer_is_repaired_in_the_same_session_with_what_was_wrong() -> None:
    agent = Scripted('{"steps": "one"}', "no json at all", '{"steps": ["one"]}')
    run = plans(agent)
    assert run.go().output == '{"steps":["one"]}'
    first = "steps: Input should be a valid list (got 'one')"
    assert agent.told[1:] == [
        REPAIR.format(error=first),
        REPAIR.format(error="the answer contains no JSON"),
    ]
    assert [ask.session for ask in agent.asks] == [None, "agent-1", "agent-1"]
    assert states(run) == ["agent succeeded"]


def test_repairs_are_bounded_and_not_charged_to_the_tries() -> None:
    a, b = Scripted("never", name="a"), Scripted('{"steps": []}', name="b")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Task("plan", agent=[a, b], prompt="p", output=Plan, retry=SOON)

    run = Run(flow)
    assert run.go().status == "finished"
    assert len(a.asks) == 1 + MAX_REPAIRS
    assert states(run) == ["a failed", "b succeeded"]
    error = run.state.attempts[1].error
    assert error is not None
    assert (error.kind, error.then) == ("BadOutput", "repair")


def test_an_agent_without_sessions_is_told_all_again() -> None:
    agent = Scripted("no", '{"steps": []}', resumes=False)
    run = plans(agent)
    assert run.go().status == "finished"
    assert agent.asks[1].session is None
    assert agent.asks[1].prompt.startswith("plan it\n\n")
    assert agent.asks[1].prompt.endswith(REPAIR.format(error="the answer contains no JSON"))


@pytest.mark.parametrize(
    "said",
    [
        '{"steps": ["a"]}',
        'Sure!\n```json\n{"steps": ["a"]}\n```\nDone.',
        'First {"steps": 1}, no: {"steps": ["a"]}. Yes',
        'As said [1]: {"steps": ["a"]}, see [2] and {"other": 1}',
        'Here: {"steps": ["a"]} and a brace } in words',
        '```\n{"steps": ["x"]}\n```\n\n```json\n{"steps": ["a"]}\n```',
    ],
)
def test_the_answer_is_found_in_what_was_said(said: str) -> None:
    run = plans(Scripted(said))
    assert run.go().output == '{"steps":["a"]}'
    assert len(run.state.attempts) == 1


def test_a_brace_in_a_text_and_a_list_in_prose_are_found() -> None:
    run = plans(Scripted('So: {"steps": ["a } b { c"]} it is'))
    assert run.go().output == '{"steps":["a } b { c"]}'

    agent = Scripted("The list is [1, 2], as asked.")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node[list[int]]:
        return Task("list", agent=agent, prompt="p", output=list[int])

    assert Run(flow).go().output == "[1,2]"
    assert len(agent.asks) == 1


def test_an_answer_is_validated_by_us_whatever_the_program_claims() -> None:
    lines: list[list[Event | Exception]] = [
        [Started("s"), Answered("ok", data={"steps": 7})],
        [Started("s"), Answered("ok", data={"steps": ["a"]})],
    ]
    agent = Scripted(*lines, native_schema=True)
    run = plans(agent)
    assert run.go().output == '{"steps":["a"]}'
    assert len(agent.asks) == 2
    assert agent.asks[0].schema is not None
    assert agent.asks[0].prompt == "plan it"


def test_an_agent_without_a_native_schema_gets_it_in_words() -> None:
    agent = Scripted('{"steps": []}')
    assert plans(agent).go().status == "finished"
    assert agent.asks[0].schema is None
    assert "Answer with JSON alone" in agent.asks[0].prompt
    assert '"steps"' in agent.asks[0].prompt


def test_an_empty_answer_is_a_bad_one() -> None:
    agent = Scripted(" \n", "done")
    run = one(agent)
    assert run.go().output == '"done"'
    assert agent.told[1] == REPAIR.format(error="the answer is empty")


def test_an_agent_that_ends_without_an_answer_is_tried_again() -> None:
    silent: list[Event | Exception] = [Started("s"), Said("hm")]
    run = one(Scripted(silent, "done"))
    assert run.go().status == "finished"
    error = run.state.attempts[1].error
    assert error is not None
    assert error.message == "agent ended without an answer"


# -- sessions


def test_the_session_is_durable_before_the_agent_goes_on() -> None:
    seen: list[int] = []

    class Looks:
        name = "looks"
        can = Capabilities(resumes=True)

        async def run(self, ask: Ask) -> AsyncIterator[Event]:
            yield Started("s-1")
            history = await run.store.load("r1")
            changes = [change for frame in history.frames for change in frame.changes]
            seen.append(sum(isinstance(change, SessionSeen) for change in changes))
            yield Answered("done")

    run = one(Looks())
    assert run.go().status == "finished"
    assert seen == [1]


def test_an_interrupted_attempt_goes_on_in_its_session_and_spends_no_try() -> None:
    agent = Scripted(HANGS, "done")
    run = one(agent, retry=Retry(tries=1))
    run.go_frames(2)
    run.go_frames(1)  # dies before the agent was asked
    assert run.go().output == '"done"'
    assert states(run) == ["agent interrupted", "agent interrupted", "agent succeeded"]
    assert [ask.session for ask in agent.asks] == [None, "agent-1"]
    assert agent.told[1:] == [INTERRUPTED.format(prompt="do it")]
    starts = [
        change.session
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, AttemptStarted)
    ]
    assert starts == [None, "agent-1", "agent-1"]


def test_an_agent_that_cannot_resume_starts_anew() -> None:
    agent = Scripted(HANGS, "done", resumes=False)
    run = one(agent)
    run.go_frames(2)
    assert run.go().status == "finished"
    assert agent.asks[1].session is None
    assert agent.told[1] == "do it"


def test_a_retry_after_a_cut_stream_goes_on_in_the_session() -> None:
    cut: list[Event | Exception] = [Started("s-9"), Transient("cut")]
    agent = Scripted(cut, "done")
    assert one(agent).go().status == "finished"
    assert agent.asks[1].session == "s-9"


def test_a_session_that_is_unknown_is_replaced_by_the_new_one() -> None:
    unknown: list[Event | Exception] = [Started("old"), Started("new"), Transient("cut")]
    agent = Scripted(unknown, "done")
    run = one(agent)
    assert run.go().status == "finished"
    assert run.state.attempts[1].session == "new"
    assert agent.asks[1].session == "new"


def test_a_fallback_gets_a_session_of_its_own() -> None:
    gone: list[Event | Exception] = [Started("a-1"), Permanent("gone")]
    a, b = Scripted(gone, name="a"), Scripted("done", name="b")
    assert one(a, b).go().status == "finished"
    assert b.asks[0].session is None


# -- usage


def test_usage_and_cost_are_summed_in_columns() -> None:
    told: list[Event | Exception] = [
        Started("s"),
        Used(tokens_in=10, tokens_out=1, tokens_cached=5, cost=Decimal("0.10")),
        Used(tokens_in=20, tokens_out=2, cost=Decimal("0.05")),
        Answered("done"),
    ]
    run = one(Scripted(told))
    assert run.go().status == "finished"
    counted = [
        change
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, UsageCounted)
    ]
    assert [(c.tokens_in, c.tokens_out, c.tokens_cached, c.cost) for c in counted] == [
        (30, 3, 5, Decimal("0.15"))
    ]


def test_failed_attempts_and_repairs_count_as_well() -> None:
    failed: list[Event | Exception] = [Used(tokens_in=5, cost=Decimal(1)), Transient("cut")]
    run = one(Scripted(failed, "done"))
    assert run.go().status == "finished"
    usage = run.state.usage
    assert (usage.tokens_in, usage.tokens_out, usage.cost) == (15, 2, Decimal(1))


def test_where_nobody_tells_a_cost_it_is_unknown() -> None:
    run = one(Scripted("done"))
    assert run.go().status == "finished"
    assert run.state.usage.cost is None
