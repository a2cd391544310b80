"""What people say to an agent at work: told once it can be, kept until then, and never lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TypeVar

from smithers import Context, Node, NoInput, Retry, Sequence, Task, workflow
from smithers.agent import Agent, Answered, Ask, Capabilities, Event, Said, Started, Steered
from smithers.changes import Key, MessageGiven, MessageTaken, UsageCounted
from smithers.errors import AgentError, Permanent, Transient
from tests.rules.agents import Scripted
from tests.rules.resuming import crashed
from tests.rules.runs import Run

T = TypeVar("T")
PLAN = Key("plan")
SOON = Retry(tries=3, first_s=0.001, jitter=0)


class Steerable:
    """Takes `wants` messages in and answers with all that its session was told; `breaks` is raised
    in the first request, when it was told so many.
    """

    def __init__(
        self, *, wants: int = 1, breaks: tuple[int, AgentError] | None = None, name: str = "one"
    ) -> None:
        self.name = name
        self.can = Capabilities(resumes=True, steers=True)
        self.wants, self.breaks = wants, breaks
        self.asks: list[Ask] = []
        self.sessions: dict[str, list[str]] = {}

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        self.asks.append(ask)
        session = ask.session or f"{self.name}-{len(self.sessions) + 1}"
        kept = self.sessions.setdefault(session, [])
        yield Started(session)
        kept.append(ask.told)
        yield Said(ask.told)
        assert ask.messages is not None
        for number in range(self.wants):
            text = await ask.messages.get()
            if self.breaks is not None and len(self.asks) == 1 and number == self.breaks[0]:
                raise self.breaks[1]
            kept.append(text)
            yield Steered(text)
        yield Answered(" | ".join(kept))


class Stoppable:
    """Cannot be steered: its first request goes on until it is stopped."""

    def __init__(self, *, resumes: bool = True) -> None:
        self.name = "stoppable"
        self.can = Capabilities(resumes=resumes)
        self.asks: list[Ask] = []
        self.stopped = 0

    async def run(self, ask: Ask) -> AsyncIterator[Event]:
        self.asks.append(ask)
        yield Started(ask.session or "s1")
        yield Said("at work")
        if len(self.asks) == 1:
            try:
                await asyncio.Event().wait()
            finally:
                self.stopped += 1
        yield Answered(f"done: {ask.told}")


def planned(*agents: Agent) -> Run:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        del ctx
        return Sequence(Task("plan", agent=list(agents), prompt="Plan it", retry=SOON))

    return Run(flow)


def made(run: Run, kind: type[T]) -> list[T]:
    """The changes of one kind so far."""
    return [one for frame in run.watch.frames for one in frame.changes if isinstance(one, kind)]


async def until(true: Callable[[], object]) -> None:
    while not true():  # noqa: ASYNC110  # the agents have no event
        await asyncio.sleep(0)


def taken(run: Run, text: str) -> bool:
    return text in [one.text for one in made(run, MessageTaken)]


def steered(run: Run, ready: Callable[[], object], *texts: str, stop: bool = False) -> str:
    """Drive the run, say each text once the run has taken the one before, and give the status."""

    async def drive() -> str:
        async with asyncio.timeout(20):
            driving = asyncio.create_task(run.drive())
            await until(ready)
            for text in texts:
                await run.steer("plan", text)
                await until(partial(taken, run, text))
            if stop:
                run.engine.stop()
            return (await driving).status.status

    return asyncio.run(drive())


def output(run: Run) -> str | None:
    return run.output(PLAN.id)


def given(run: Run) -> list[int | None]:
    return [one.given for one in run.state.messages[PLAN].values()]


def test_an_agent_that_steers_is_told_while_it_runs() -> None:
    agent = Steerable(wants=2)
    run = planned(agent)
    assert steered(run, lambda: agent.asks, "Be brief", "And polite") == "finished"
    assert output(run) == '"Plan it | Be brief | And polite"'
    assert len(agent.asks) == 1
    assert given(run) == [1, 1]
    assert [(one.key, one.text, one.by) for one in made(run, MessageTaken)] == [
        (PLAN, "Be brief", "ann"),
        (PLAN, "And polite", "ann"),
    ]
    shown = [event.text for _, event in run.watch.events if isinstance(event, Steered)]
    assert shown == ["Be brief", "And polite"]


def test_an_agent_that_only_resumes_is_stopped_and_told_in_its_session() -> None:
    agent = Stoppable()
    run = planned(agent)
    heard = lambda: any(isinstance(one, Said) for _, one in run.watch.events)  # noqa: E731
    assert steered(run, heard, "Be brief") == "finished"
    first, second = agent.asks
    assert (agent.stopped, first.messages, second.session) == (1, None, "s1")
    assert "There is a message for you:\n\nBe brief\n\n" in second.told
    assert "Be brief" in second.prompt  # for a program that does not know the session
    assert (run.state.attempts[1].state, given(run)) == ("succeeded", [1])
    assert sum(one.calls for one in made(run, UsageCounted)) == 1


def test_an_agent_that_was_not_heard_yet_is_not_stopped_before_it_is() -> None:
    agent = Stoppable()
    run = planned(agent)
    assert steered(run, lambda: run.watch.frames, "Be brief") == "finished"
    assert "Be brief" in agent.asks[1].told


def test_a_message_that_an_attempt_took_and_did_not_confirm_is_told_by_the_next() -> None:
    agent = Steerable(wants=1, breaks=(0, Transient("cut")))
    run = planned(agent)

    async def drive() -> None:
        driving = asyncio.create_task(run.drive())
        await until(lambda: agent.asks)
        await run.steer("plan", "Be brief")
        await until(lambda: len(agent.asks) == 2)
        await run.steer("plan", "And polite")
        await driving

    asyncio.run(drive())
    assert agent.asks[1].session == "one-1"
    assert "<messages>" in agent.asks[1].told
    assert "Be brief" in agent.asks[1].told
    assert given(run) == [2, 2]


def test_a_fallback_is_told_all_that_was_said() -> None:
    first = Steerable(wants=2, breaks=(1, Permanent("refused")), name="first")
    second = Steerable(wants=0, name="second")
    run = planned(first, second)
    assert steered(run, lambda: first.asks, "Be brief", "And polite") == "finished"
    assert "Be brief\n\nAnd polite\n</messages>" in second.asks[0].told
    assert given(run) == [1, 2]  # the first one's session has one of them


def test_a_crash_at_any_frame_loses_no_message() -> None:
    agent = Steerable(wants=1)
    run = planned(agent)
    assert steered(run, lambda: agent.asks, "Be brief") == "finished"
    taken = next(
        frame.number
        for frame in run.watch.frames
        if any(isinstance(one, MessageTaken) for one in frame.changes)
    )
    for after in range(taken + 1, len(run.watch.frames)):
        heir = Steerable(wants=0)
        heir.sessions = {"one-1": []}
        other = crashed(run, after, planned(heir).workflow)
        was_given = bool(made(other, MessageGiven))
        assert other.go().status == "finished"
        assert len(made(other, MessageGiven)) == 1
        assert ("Be brief" in heir.asks[0].told) != was_given


def test_an_agent_that_neither_steers_nor_resumes_is_left_alone() -> None:
    agent = Stoppable(resumes=False)
    run = planned(agent)
    assert steered(run, lambda: agent.asks, "Be brief", stop=True) == "running"
    assert given(run) == [None]
    assert run.go().status == "finished"
    assert "Be brief" in agent.asks[1].told


def test_a_message_for_a_task_that_has_ended_is_kept_and_told_to_nobody() -> None:
    agent, other = Scripted("one"), Stoppable()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        del ctx
        return Sequence(
            Task("plan", agent=agent, prompt="Plan it"), Task("do", agent=other, prompt="Do it")
        )

    run = Run(flow)

    async def drive() -> None:
        driving = asyncio.create_task(run.drive())
        await until(lambda: other.asks)
        await run.steer("plan", "Be brief")
        await run.steer("do", "Be quick")
        await driving

    asyncio.run(drive())
    assert len(agent.asks) == 1
    assert given(run) == [None]
    assert "Be quick" in other.asks[1].told
    assert "Be brief" not in other.asks[1].told
