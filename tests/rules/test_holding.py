"""A person goes on in a task's session: nothing of the task runs meanwhile, and then it goes on."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Sequence
from dataclasses import replace

import pytest

from smithers import Context, Node, NoInput, Parallel, Retry, Step, Task, workflow
from smithers import Sequence as InOrder
from smithers.agent import Ask, Event, Said, Started
from smithers.changes import AttemptEnded, Key, WaitOpened
from smithers.engine.holding import Hold
from smithers.errors import Permanent, Transient
from smithers.store import Note, Owner
from smithers.store.lease import is_gone, started_of, this_host, this_process
from tests.rules.agents import HANGS, Scripted
from tests.rules.resuming import crashed
from tests.rules.runs import Run

ANN = Hold(by="ann", holder=this_process())
BOB = Hold(by="bob", holder=replace(this_process(), id="another"))


class Other:
    """Another process through which a person is in a session."""

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-c", "input()"],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        pid = self._child.pid
        self.owner = Owner(id="other", host=this_host(), pid=pid, started=started_of(pid) or "")
        self.hold = Hold(by="ann", holder=self.owner)

    def end(self) -> None:
        self._child.kill()
        self._child.communicate(timeout=10)


@pytest.fixture
def other() -> Generator[Other]:
    made = Other()
    yield made
    made.end()


async def offer(run: Run, kind: str, hold: Hold = ANN, task: str = "task", **body: bool) -> None:
    assert kind in ("hold", "release")
    key, at = Key(task), run.now()
    text = hold.body(**body)
    await run.store.offer(
        Note(run_id="r1", kind="hold" if kind == "hold" else "release", key=key, body=text, at=at)
    )


async def until(holds: Callable[[], object], within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110  # nothing announces it
            await asyncio.sleep(0.01)


async def looked(run: Run) -> None:
    """Return when the owner has taken a note, of another person who comes too late."""
    inbox = run.engine.state.inbox
    await offer(run, "hold", BOB)
    await until(lambda: run.engine.state.inbox > inbox)


def driven(run: Run, person: Callable[[], Awaitable[None]]) -> str:
    """Drive the run while a person does something; its status at the end."""

    async def main() -> str:
        async with asyncio.timeout(20):
            going = asyncio.create_task(run.drive())
            try:
                await until(lambda: hasattr(run, "engine") and run.engine.claim)
                await person()
                return (await going).status.status
            finally:
                going.cancel()

    return asyncio.run(main())


def states(run: Run, task: str = "task") -> list[str]:
    return [one.state for one in run.engine.state.tries.get(Key(task), ())]


def is_held(run: Run, task: str = "task") -> bool:
    return (Key(task), "attached") in run.engine.state.waits


def frames_of(run: Run, what: type[object]) -> list[int]:
    """The frames in which something of that kind happened to a hold or an attempt."""
    return [
        frame.number
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, what) and getattr(change, "kind", "attached") == "attached"
    ]


def one_task(*agents: Scripted, retry: Retry | None = None) -> Run:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        task = Task("task", agent=list(agents), prompt="Do it", retry=retry or Retry())
        return InOrder(task, result=task)

    return Run(flow)


def test_a_hold_stops_the_attempt_and_its_release_goes_on_in_the_session() -> None:
    agent = Scripted(HANGS, "done")
    run = one_task(agent, retry=Retry(tries=1))

    async def person() -> None:
        await until(lambda: states(run) == ["running"] and agent.sessions)
        await offer(run, "hold")
        await until(lambda: is_held(run) and states(run) == ["interrupted"])
        assert agent.stopped == 1
        await looked(run)
        assert len(agent.asks) == 1
        await offer(run, "release")

    assert driven(run, person) == "finished"
    (first, second) = run.state.tries[Key("task")]
    assert (first.state, second.state) == ("interrupted", "succeeded")
    assert first.session == second.session == "agent-1"
    assert "a person has worked in this session" in agent.told[1]
    assert "Do it" in agent.told[1]
    assert frames_of(run, WaitOpened)[0] < frames_of(run, AttemptEnded)[0]


def test_the_rest_of_the_run_goes_on_while_a_task_is_held() -> None:
    agent = Scripted(HANGS, "done")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        gate = Step("gate", lambda: asyncio.wait_for(opened.wait(), 10))
        other = InOrder(gate, Step("other", lambda: 1))
        return Parallel(Task("task", agent=agent, prompt="p"), other)

    run = Run(flow)
    opened = asyncio.Event()

    async def person() -> None:
        await until(lambda: agent.sessions)
        await offer(run, "hold")
        await until(lambda: is_held(run) and states(run) == ["interrupted"])
        opened.set()
        await until(lambda: Key("other") in run.engine.state.ended)
        assert is_held(run)
        await offer(run, "release")

    assert driven(run, person) == "finished"
    assert run.output("task") == '"done"'


def test_a_hold_keeps_the_slot_of_its_task() -> None:
    agent, second = Scripted(HANGS, "done"), Scripted("second")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        tasks = [Task("task", agent=agent, prompt="p"), Task("next", agent=second, prompt="p")]
        return Parallel(*tasks, limit=1)

    run = Run(flow)

    async def person() -> None:
        await until(lambda: agent.sessions)
        await offer(run, "hold")
        await until(lambda: is_held(run) and states(run) == ["interrupted"])
        await looked(run)
        assert not second.asks
        await offer(run, "release")

    assert driven(run, person) == "finished"
    assert len(second.asks) == 1


def test_a_hold_of_a_process_that_is_gone_is_not_taken(other: Other) -> None:
    other.end()
    agent = Scripted(HANGS)
    run = one_task(agent)

    async def person() -> None:
        await until(lambda: agent.sessions)
        await offer(run, "hold", other.hold)
        await until(lambda: run.engine.state.inbox == 1)
        assert not is_held(run)
        assert states(run) == ["running"]
        await run.cancel()

    assert driven(run, person) == "cancelled"


def test_a_hold_ends_with_the_process_that_holds(other: Other) -> None:
    agent = Scripted(HANGS, "done")
    run = one_task(agent)

    async def person() -> None:
        await until(lambda: agent.sessions)
        await offer(run, "hold", other.hold)
        await until(lambda: is_held(run) and states(run) == ["interrupted"])
        other.end()

    assert driven(run, person) == "finished"
    assert "a person has worked in this session" in agent.told[1]


@pytest.mark.parametrize("worked", [True, False])
def test_a_new_owner_keeps_a_hold_and_takes_its_release(worked: bool) -> None:
    agent = Scripted(HANGS, "done")
    run = one_task(agent)

    async def person() -> None:
        await until(lambda: agent.sessions)
        await offer(run, "hold")
        await until(lambda: is_held(run) and states(run) == ["interrupted"])
        run.engine.stop()

    assert driven(run, person) == "waiting"
    after = crashed(run, len(run.watch.frames))

    async def leaves() -> None:
        await looked(after)
        assert is_held(after)
        assert len(agent.asks) == 1
        await offer(after, "release", worked=worked)

    assert driven(after, leaves) == "finished"
    assert agent.asks[1].session == "agent-1"
    assert ("a person has worked in this session" in agent.told[1]) is worked


def test_an_owner_that_comes_after_the_holder_has_gone_ends_the_hold(other: Other) -> None:
    agent = Scripted(HANGS, "done")
    run = one_task(agent)

    async def person() -> None:
        await until(lambda: agent.sessions)
        await offer(run, "hold", other.hold)
        await until(lambda: is_held(run) and states(run) == ["interrupted"])
        run.engine.stop()

    assert driven(run, person) == "waiting"
    other.end()
    assert run.go().status == "finished"
    assert agent.asks[1].session == "agent-1"


def test_a_crash_between_the_hold_and_the_end_of_the_attempt_forgets_neither() -> None:
    agent = Scripted(HANGS, "done")
    run = one_task(agent)

    async def person() -> None:
        await until(lambda: agent.sessions)
        await offer(run, "hold")
        await until(lambda: is_held(run) and states(run) == ["interrupted"])
        await offer(run, "release")

    assert driven(run, person) == "finished"
    (opened,) = frames_of(run, WaitOpened)
    for after in range(opened + 1, len(run.watch.frames)):
        left = crashed(run, after)

        async def leaves(left: Run = left) -> None:
            await offer(left, "release")

        assert driven(left, leaves) == "finished"
        attempts = [one.state for one in left.state.tries[Key("task")]]
        assert attempts[0] == "interrupted", f"after frame {after - 1}"
        assert attempts[-1] == "succeeded"


def test_who_is_there_first_stays_and_only_they_can_leave() -> None:
    agent = Scripted(HANGS, "done")
    run = one_task(agent)

    async def person() -> None:
        await until(lambda: agent.sessions)
        await offer(run, "hold")
        await looked(run)
        assert run.engine.state.waits[Key("task"), "attached"].opened.asked == "ann"
        await offer(run, "release", BOB)
        await until(lambda: run.engine.state.inbox == 3)
        assert is_held(run)
        await offer(run, "release")

    assert driven(run, person) == "finished"


def test_a_person_who_leaves_before_the_attempt_has_ended_has_not_lost_the_task() -> None:
    class Slow(Scripted):
        async def run(self, ask: Ask) -> AsyncIterator[Event]:
            try:
                async for event in super().run(ask):
                    yield event
            finally:
                if len(self.asks) == 1:
                    await offer(run, "release", worked=False)
                    await until(lambda: not is_held(run))

    agent = Slow(HANGS, "done")
    run = one_task(agent)

    async def person() -> None:
        await until(lambda: agent.sessions)
        await offer(run, "hold")

    assert driven(run, person) == "finished"
    assert states(run) == ["interrupted", "succeeded"]
    assert "a person has worked" not in agent.told[1]


@pytest.mark.parametrize("how", ["waits for a retry", "is not begun", "is finished"])
def test_a_task_that_does_not_run_is_held_only_if_it_has_a_session_to_go_on_in(how: str) -> None:
    failing: Sequence[Event | Exception] = [Started("agent-1"), Said("hm"), Transient("no net")]
    agent = Scripted(failing, "done")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        before = Task("before", agent=Scripted("early"), prompt="p")
        task = Task("task", agent=agent, prompt="p", retry=Retry(first_s=0.8, jitter=0))
        last = Task("last", agent=Scripted("late"), prompt="p")
        return InOrder(before, task, last)

    run = Run(flow)
    held = {"waits for a retry": "task", "is not begun": "last", "is finished": "before"}[how]

    async def person() -> None:
        await until(lambda: states(run) == ["failed"])
        await offer(run, "hold", task=held)
        await until(lambda: run.engine.state.inbox == 1)
        assert is_held(run, held) == (how == "waits for a retry")
        if how == "waits for a retry":
            await until(lambda: (Key("task"), "retry") not in run.engine.state.waits)
            assert len(agent.asks) == 1
            await offer(run, "release")

    assert driven(run, person) == "finished"
    assert agent.asks[1].session == "agent-1"
    assert ("a person has worked" in agent.told[1]) == (how == "waits for a retry")


def test_the_agent_in_whose_session_a_person_was_goes_on() -> None:
    first = Scripted([Started("first-1"), Transient("no net")], name="first")
    second = Scripted(HANGS, "done", name="second")
    run = one_task(first, second, retry=Retry(tries=1))

    async def person() -> None:
        await until(lambda: second.sessions)
        await offer(run, "hold")
        await until(lambda: is_held(run) and states(run)[-1] == "interrupted")
        await offer(run, "release")

    assert driven(run, person) == "finished"
    assert second.asks[1].session == "second-1"
    assert len(first.asks) == 1


def test_a_group_that_drops_the_task_ends_the_hold_with_it() -> None:
    agent = Scripted(HANGS)
    failing = asyncio.Event()

    async def fails() -> None:
        await failing.wait()
        raise Permanent("broken")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(
            Task("task", agent=agent, prompt="p"), Step("fails", fails), on_failure="cancel"
        )

    run = Run(flow)

    async def person() -> None:
        await until(lambda: agent.sessions)
        await offer(run, "hold")
        await until(lambda: is_held(run) and states(run) == ["interrupted"])
        failing.set()

    assert driven(run, person) == "failed"
    assert run.outcome("task") == "cancelled"
    assert (Key("task"), "attached") not in run.state.waits


def test_a_cancelled_run_leaves_no_hold_open() -> None:
    agent = Scripted(HANGS)
    run = one_task(agent)

    async def person() -> None:
        await until(lambda: agent.sessions)
        await offer(run, "hold")
        await until(lambda: is_held(run) and states(run) == ["interrupted"])
        await run.cancel()

    assert driven(run, person) == "cancelled"
    assert not run.state.waits


def test_who_has_ended_is_told_from_who_cannot_be_seen(other: Other) -> None:
    assert not is_gone(other.owner)
    other.end()
    me = this_process()
    boot, _, space = this_host().partition("/")
    assert not is_gone(me)
    assert is_gone(other.owner)
    assert is_gone(replace(me, started="0"))
    assert is_gone(replace(me, host=f"another boot/{space}"))
    assert not is_gone(replace(me, host=f"{boot}/another container"))
