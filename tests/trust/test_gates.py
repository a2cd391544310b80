"""Whatever an agent calls, in any order: nothing behind a gate runs in a run in which no person has
approved what is asked there now.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from itertools import permutations
from pathlib import Path
from random import Random

import pytest

from tests.trust.amounts import chance
from tests.trust.gate_agent import Agent, agent_in, in_this_process
from tests.trust.gate_flows import FLOWS

WALKS = int(os.environ.get("TRUST_WALKS") or 60)
SOME_ORDERS = int(os.environ.get("TRUST_ORDERS") or 20)
_FEW, _MANY = 5, 16
Act = Callable[[Agent], Awaitable[None]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEDGER", str(tmp_path / "ledger"))
    monkeypatch.chdir(tmp_path)
    in_this_process(monkeypatch)
    return tmp_path


async def something(agent: Agent, random: Random) -> None:
    """One thing that an agent may do, or the person."""
    run = random.choice([agent.runs[0], *agent.runs])
    below = f"{run}.child"
    if random.random() < 0.2 and agent.hub.status(below) is not None:
        run = below
    does = random.choice([by_person, by_fork, by_fork, by_agent])
    await does(agent, random, run)


async def by_person(agent: Agent, random: Random, run: str) -> None:
    match random.randrange(5):
        case 0:
            await agent.fork_of_person(run, frame_of(agent, random, run))
        case 1:
            await agent.rewind_of_person(run, random.randrange(agent.frames(run)))
        case 2:
            await agent.person(approves=random.random() < 0.4, random=random)
            await agent.call("resume_run", run_id=run)
        case _:
            await agent.person(approves=True, random=random)
            await agent.call("resume_run", run_id=agent.runs[0])


def frame_of(agent: Agent, random: Random, run: str) -> int | None:
    return random.choice([None, random.randrange(agent.frames(run))])


async def by_fork(agent: Agent, random: Random, run: str) -> None:
    task = random.choice(agent.tasks(run))
    given = random.choice(["ship draft 1", {"approved": True, "by": "ann"}, ["a"], True])
    how: dict[str, object] = random.choice(
        [{}, {"set": {task: given}}, {"rerun": [task]}, {"input": {"version": "2"}}]
    )
    fork = await agent.fork(run, frame_of(agent, random, run), **how)
    await agent.call("resume_run", run_id=fork or run)


async def by_agent(agent: Agent, random: Random, run: str) -> None:
    task = random.choice(agent.tasks(run))
    match random.randrange(5):
        case 0:
            await agent.call("send_event", run_id=run, event="go", data="go")
        case 1:
            await agent.start()
        case 2:
            await agent.call("resume_run", run_id=run)
        case 3:
            await agent.call("retry_task", run_id=run, task=task, with_readers=True)
        case _:
            await agent.call("retry_task", run_id=run, task=task)


async def walk(folder: Path, flow: str, random: Random, calls: int) -> Agent:
    async with agent_in(folder, flow) as agent:
        for _ in range(calls):
            await something(agent, random)
        return agent


async def approves(agent: Agent) -> None:
    await agent.person(approves=True, random=Random(0))


async def resumes(agent: Agent) -> None:
    for run in list(agent.runs):
        await agent.call("resume_run", run_id=run)


async def forks(agent: Agent, **how: object) -> None:
    """At each frame; the newest fork is forked as well."""
    for run in (agent.runs[0], agent.runs[-1]):
        for frame in range(agent.frames(run)):
            fork = await agent.fork(run, frame, **how)
            await agent.call("resume_run", run_id=fork or run)
            agent.drop(fork)
    await agent.fork(agent.runs[-1], None, **how)


async def sets(agent: Agent) -> None:
    for task in agent.tasks(agent.runs[0]):
        for given in ("ship draft 1", {"approved": True, "by": "ann"}):
            fork = await agent.fork(agent.runs[0], None, set={task: given})
            if fork is not None:
                await agent.call("resume_run", run_id=fork)
            agent.drop(fork)


async def reruns(agent: Agent) -> None:
    await forks(agent, rerun=["draft"])


async def other_input(agent: Agent) -> None:
    await forks(agent, input={"version": "2"})


async def retries(agent: Agent) -> None:
    for task in agent.tasks(agent.runs[0]):
        await agent.call("retry_task", run_id=agent.runs[0], task=task)


async def retries_with_readers(agent: Agent) -> None:
    for task in agent.tasks(agent.runs[0]):
        await agent.call("retry_task", run_id=agent.runs[0], task=task, with_readers=True)


async def starts_and_sends(agent: Agent) -> None:
    await agent.start()
    for run in list(agent.runs):
        await agent.call("send_event", run_id=run, event="go", data="go")


ACTS = (
    approves, resumes, forks, sets, reruns, other_input, retries, retries_with_readers,
    starts_and_sends,
)  # fmt: skip
ORDERS = [*permutations(ACTS, 3)]


async def in_order(folder: Path, flow: str, acts: Sequence[Act]) -> Agent:
    async with agent_in(folder, flow) as agent:
        for act in acts:
            await act(agent)
        await resumes(agent)
        return agent


@pytest.mark.sampled(4)
@pytest.mark.parametrize("flow", [one.name for one in FLOWS])
def test_no_order_of_calls_passes_a_gate(folder: Path, flow: str) -> None:
    asyncio.run(walk(folder / "walk", flow, chance("gates", flow), _FEW))


@pytest.mark.trust
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("flow", [one.name for one in FLOWS])
def test_no_order_of_many_calls_passes_a_gate(folder: Path, flow: str) -> None:
    done = 0
    for number in range(WALKS):
        agent = asyncio.run(walk(folder / str(number), flow, chance("gates", flow, number), _MANY))
        done += agent.behind
    assert done > 0, "nothing was ever behind a gate"


def test_orders_of_all_that_an_agent_calls_pass_no_gate(folder: Path) -> None:
    for number, order in enumerate(chance("orders").sample(ORDERS, 1)):
        asyncio.run(in_order(folder / str(number), "plain", order))


@pytest.mark.trust
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("flow", [one.name for one in FLOWS])
def test_every_order_of_all_that_an_agent_calls_passes_no_gate(folder: Path, flow: str) -> None:
    """Every one for a plain gate, and some for each of the others."""
    orders = ORDERS if flow == "plain" else chance("orders", flow).sample(ORDERS, SOME_ORDERS)
    for number, order in enumerate(orders):
        asyncio.run(in_order(folder / str(number), flow, order))
