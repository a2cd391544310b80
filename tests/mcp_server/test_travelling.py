"""Forks, retries, frames and differences, as an agent has them."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

from tests.mcp_server.serving import Calls, Project, Said
from tests.mcp_server.test_approvals import decides

pytestmark = pytest.mark.anyio

GATES = """\
from pathlib import Path

from pydantic import BaseModel

from harnesses import Echo
from smithers import *

print("imported")


class Topic(BaseModel):
    topic: str = "whales"


def fresh():
    with Path("count").open("a") as file:
        file.write(".")
    return f"draft {Path('count').stat().st_size}"


@workflow(input=Topic)
def gated(ctx: Context[Topic]) -> Node[str]:
    draft = Step("draft", fresh, output=str)
    edit = Step("edit", lambda: f"{ctx[draft]} on {ctx.input.topic}", output=str)
    ask = Approval("ask", ask=lambda: f"Ship {ctx[edit]}?")
    ship = Step("ship", lambda: f"shipped {ctx[edit]}", output=str)
    return Sequence(draft, edit, ask, ship, result=ship)


@workflow
def gathered(ctx: Context[NoInput]) -> Node[list[str]]:
    parts = ForEach(["a", "b"], key=str, each=lambda n: Step(n, fresh, output=str), id="parts")
    ask = Approval("ask", ask=lambda: f"Ship {ctx[parts]}?")
    return Sequence(parts, ask, result=parts)


@workflow
def outer(ctx: Context[NoInput]) -> Node[str]:
    first = Step("first", fresh, output=str)
    child = Subflow("child", gated, input=Topic())
    last = Step("last", lambda: ctx[child], output=str)
    return Sequence(first, child, last, result=last)


@workflow
def behind(ctx: Context[NoInput]) -> Node:
    return Sequence(Approval("ask", ask="Go on?"), Subflow("child", cheap))


@workflow
def cheap(ctx: Context[NoInput]) -> Node:
    return Sequence(Step("one", fresh, output=str))


def charges(draft):
    with Path("charged").open("a") as file:
        file.write(".")
    return f"charged for {draft}"


@workflow
def charged(ctx: Context[NoInput]) -> Node:
    draft = Step("draft", fresh, output=str)
    charge = Step("charge", lambda: charges(ctx[draft]), output=str, effect=True)
    return Sequence(draft, charge, Approval("ask", ask="Go on?"))


@workflow(budget=Budget(calls=2))
def dear(ctx: Context[NoInput]) -> Node:
    names = ("one", "two", "three")
    return Sequence(*(Task(name, agent=Echo(), prompt="Go on.") for name in names))
"""


@pytest.fixture
def gates(project: Project) -> Project:
    (project.folder / ".smithers" / "workflows" / "gates.py").write_text(GATES)
    return project


async def left(call: Calls, run_id: str, status: str) -> Said:
    waited = await call("wait_run", run_id=run_id, timeout_s=50)
    assert (waited["status"], waited["timed_out"]) == (status, False)
    return waited


async def waiting(call: Calls, workflow: str, **more: Any) -> str:
    run_id: str = (await call("start_run", workflow=f"gates:{workflow}", **more))["run_id"]
    await left(call, run_id, "waiting")
    return run_id


async def asked_below(call: Calls, run_id: str) -> None:
    """The child run of a run waits for a person."""
    for _ in range(50):
        if (await call("get_run", run_id=f"{run_id}.child")).data.get("status") == "waiting":
            return
        await call("wait_run", run_id=run_id, timeout_s=1, until="change")
    raise AssertionError("its child run asks nobody")


async def finished(call: Calls, project: Project, workflow: str) -> str:
    """A run that a person has approved in, or in its child run."""
    if is_above := workflow == "outer":
        run_id: str = (await call("start_run", workflow="gates:outer"))["run_id"]
        await asked_below(call, run_id)
    else:
        run_id = await waiting(call, workflow)
    asking = f"{run_id}.child" if is_above else run_id
    await asyncio.to_thread(decides, project, asking, approved=True)
    await call("resume_run", run_id=run_id)
    await left(call, run_id, "finished")
    return run_id


async def question(call: Calls, run_id: str) -> str:
    (one,) = (await call("list_asks", run_id=run_id))["asks"]
    asked: str = one["asked"]
    return asked


async def test_a_fork_ends_before_the_first_answer_and_asks_again(gates: Project) -> None:
    async with gates.client("2026-07-28") as call:
        run_id = await finished(call, gates, "gated")
        made = await call("fork_run", run_id=run_id, request_id="one")
        fork = made["run_id"]
        assert made["made"]
        assert "before the answer to ask: only a person may answer that" in made["notes"][0]
        assert "a person's decision on ask" in (await call("resume_run", run_id=fork))["why"]
        await left(call, fork, "waiting")
        assert await question(call, fork) == "Ship draft 1 on whales?"
        assert (await call("get_task", run_id=fork, task="ship"))["state"] == "pending"
        timeline = await call("get_timeline", run_id=run_id)
        forked = {"run_id": fork, "source": run_id, "frame": made["frame"], "status": "waiting"}
        assert timeline["forks"] == [forked]
        below = await call("get_timeline", run_id=fork)
        assert below["forked_from"] == {"run_id": run_id, "frame": made["frame"]}


async def test_a_request_makes_one_fork(gates: Project) -> None:
    async with gates.client("2026-07-28") as call:
        run_id = await waiting(call, "gated")
        first = await call("fork_run", run_id=run_id, request_id="k", set={"draft": "mine"})
        again = await call("fork_run", run_id=run_id, request_id="k", set={"draft": "mine"})
        assert (again["run_id"], again["made"]) == (first["run_id"], False)
        assert (again["source"], again["frame"]) == (first["source"], first["frame"])
        others: list[dict[str, Any]] = [
            {"set": {"draft": "yours"}},
            {"set": {"draft": "mine"}, "frame": 0},
            {"rerun": ["draft"]},
            {},
        ]
        for other in others:
            said = await call("fork_run", run_id=run_id, request_id="k", **other)
            assert said.error.startswith("CONFLICT: this request_id was used for another fork")
        assert len((await call("list_runs"))["runs"]) == 2


@pytest.mark.long
async def test_what_a_fork_sets_is_read_in_it_and_asked_about(gates: Project) -> None:
    async with gates.client("2026-07-28") as call:
        run_id = await waiting(call, "gated")
        for how, asked in (
            ({"set": {"draft": "mine"}}, "Ship mine on whales?"),
            ({"rerun": ["draft"]}, "Ship draft 2 on whales?"),
            ({"input": {"topic": "bees"}, "rerun": ["edit"]}, "Ship draft 1 on bees?"),
        ):
            made = await call("fork_run", run_id=run_id, request_id=asked, **how)
            await call("resume_run", run_id=made["run_id"])
            await left(call, made["run_id"], "waiting")
            assert await question(call, made["run_id"]) == asked
        assert await question(call, run_id) == "Ship draft 1 on whales?"
        assert "gates" not in sys.modules


async def test_an_agent_sets_no_answer_and_nothing_that_may_be_behind_one(gates: Project) -> None:
    async with gates.client("2026-07-28") as call:
        run_id = await finished(call, gates, "gated")
        for given, why in (
            ({"ask": {"approved": True, "by": "ann"}}, "ask of run"),
            ({"ship": "shipped"}, "ship of run"),
            ({"nothing": 1}, "has no task 'nothing'"),
            ({"draft": 7}, "the output for draft does not fit"),
        ):
            said = await call("fork_run", run_id=run_id, request_id="k", set=given)
            assert said.error.startswith("REFUSED: ")
            assert why in said.error
        assert len((await call("list_runs"))["runs"]) == 1


@pytest.mark.long
async def test_a_fork_ends_before_the_end_of_a_child_run_in_which_a_person_answered(
    gates: Project,
) -> None:
    async with gates.client("2026-07-28") as call:
        run_id = await finished(call, gates, "outer")
        made = await call("fork_run", run_id=run_id, request_id="k")
        assert (
            f"before the end of child, which has what was answered in child run {run_id}.child"
            in (made["notes"][0])
        )
        assert (await call("resume_run", run_id=made["run_id"]))["resumed"]
        await asked_below(call, made["run_id"])
        assert (await call("get_task", run_id=made["run_id"], task="last"))["state"] == "pending"
        assert await question(call, f"{made['run_id']}.child") == "Ship draft 3 on whales?"


@pytest.mark.long
async def test_a_child_run_behind_a_question_is_not_forked_by_itself(gates: Project) -> None:
    async with gates.client("2026-07-28") as call:
        run_id = await finished(call, gates, "behind")
        said = await call("fork_run", run_id=f"{run_id}.child", request_id="k", frame=0)
        assert said.error.startswith(f"REFUSED: run {run_id}.child was started below run {run_id},")
        assert said.error.endswith("next: fork the run above it instead")
        fork = await asyncio.to_thread(gates.hub.fork, f"{run_id}.child", by="ann")
        assert fork.source == f"{run_id}.child"


@pytest.mark.long
async def test_a_step_with_an_effect_is_not_repeated_unasked(gates: Project) -> None:
    async with gates.client("2026-07-28") as call:
        run_id = await waiting(call, "charged")
        ways: list[dict[str, Any]] = [{"rerun": ["charge"]}, {"set": {"draft": "mine"}}]
        for number, how in enumerate(ways):
            made = await call("fork_run", run_id=run_id, request_id=f"{number}", **how)
            await call("resume_run", run_id=made["run_id"])
            await left(call, made["run_id"], "waiting")
            kinds = {
                one["kind"] for one in (await call("list_asks", run_id=made["run_id"]))["asks"]
            }
            assert "repeat" in kinds
        await call("retry_task", run_id=run_id, task="draft", with_readers=True)
        await left(call, run_id, "waiting")
        await call("retry_task", run_id=run_id, task="charge")
        await left(call, run_id, "waiting")
        assert (gates.folder / "charged").read_text() == "."


@pytest.mark.long
async def test_a_fork_waits_for_the_larger_budget_that_its_source_waits_for(
    gates: Project,
) -> None:
    async with gates.client("2026-07-28") as call:
        run_id = await waiting(call, "dear")
        source = run_id
        last = (await call("get_timeline", run_id=run_id))["frames"][-1]["frame"]
        for frame in (0, last // 2, last):
            made = await call("fork_run", run_id=source, request_id=f"{frame}", frame=frame)
            fork = made["run_id"]
            await call("resume_run", run_id=fork)
            await left(call, fork, "waiting")
            (asked,) = (await call("list_asks", run_id=fork))["asks"]
            assert asked["kind"] == "budget"
            for readers in (False, True):
                await call("retry_task", run_id=fork, task="one", with_readers=readers)
                await left(call, fork, "waiting")
            assert (await call("get_task", run_id=fork, task="three"))["attempts"] == []
            source = fork  # a fork of a fork


@pytest.mark.long
async def test_a_fork_by_a_person_has_a_budget_of_its_own(gates: Project) -> None:
    async with gates.client("2026-07-28") as call:
        run_id = await waiting(call, "dear")
        made = await call("fork_run", run_id=run_id, request_id="k")
        fork = await asyncio.to_thread(gates.hub.fork, made["run_id"], by="ann")
        await asyncio.to_thread(gates.hub.launch_again, fork.run_id)
        await left(call, fork.run_id, "finished")


@pytest.mark.long
async def test_a_retried_task_is_run_again_and_asked_about_again(gates: Project) -> None:
    async with gates.client("2026-07-28") as call:
        run_id = await finished(call, gates, "gated")
        await call("retry_task", run_id=run_id, task="draft")
        assert (await left(call, run_id, "finished"))["output"] == "shipped draft 1 on whales"
        assert (await call("get_task", run_id=run_id, task="draft"))["output"] == "draft 2"
        await call("retry_task", run_id=run_id, task="draft", with_readers=True)
        await left(call, run_id, "waiting")
        assert await question(call, run_id) == "Ship draft 3 on whales?"
        assert "NOT_FOUND" in (await call("retry_task", run_id="gone", task="draft")).error
        assert (
            "has no task 'drift'" in (await call("retry_task", run_id=run_id, task="drift")).error
        )


@pytest.mark.long
async def test_a_question_that_has_read_the_container_of_a_retried_task_is_asked_again(
    gates: Project,
) -> None:
    async with gates.client("2026-07-28") as call:
        run_id = await finished(call, gates, "gathered")
        await call("retry_task", run_id=run_id, task="a")
        await left(call, run_id, "waiting")
        assert "'draft 3'" in await question(call, run_id)  # both began at once


@pytest.mark.long
async def test_a_question_that_a_rewind_has_opened_again_knows_what_it_read(
    gates: Project,
) -> None:
    async with gates.client("2026-07-28") as call:
        run_id = await finished(call, gates, "gated")
        opened = next(
            frame.number
            for frame in (await asyncio.to_thread(gates.hub.timeline, run_id)).frames
            if any("ask waits" in change.words for change in frame.changes)
        )
        await asyncio.to_thread(gates.hub.rewind, run_id, opened)
        assert await question(call, run_id) == "Ship draft 1 on whales?"
        await asyncio.to_thread(decides, gates, run_id, approved=True)
        await call("retry_task", run_id=run_id, task="edit")
        await left(call, run_id, "waiting")
        assert (await call("get_task", run_id=run_id, task="ship"))["state"] == "pending"


@pytest.mark.long
async def test_what_imports_the_file_needs_a_folder_that_the_person_trusts(gates: Project) -> None:
    async with gates.client("2026-07-28") as call:
        run_id = await waiting(call, "gated")
        gates.hub.distrust()
        ways: list[dict[str, Any]] = [
            {"set": {"draft": "mine"}},
            {"rerun": ["draft"]},
            {"input": {}},
        ]
        for how in ways:
            said = await call("fork_run", run_id=run_id, request_id="k", **how)
            assert said.error.startswith("UNTRUSTED: ")
        said = await call("retry_task", run_id=run_id, task="draft")
        assert said.error.startswith("UNTRUSTED: ")
        made = await call("fork_run", run_id=run_id, request_id="k")
        assert made["made"]
        assert made["frame"] == (await call("get_timeline", run_id=run_id))["frames"][-1]["frame"]


async def test_the_frames_of_a_run_come_in_pages_with_why_and_usage(gates: Project) -> None:
    async with gates.client("2026-07-28") as call:
        run_id = await finished(call, gates, "gated")
        whole = (await call("get_timeline", run_id=run_id))["frames"]
        assert [one["frame"] for one in whole] == list(range(len(whole)))
        assert all(one["why"] and one["usage"]["tokens_in"] == 0 for one in whole)
        paged: list[Any] = []
        after: str | None = None
        while after is not None or not paged:
            page = await call("get_timeline", run_id=run_id, after=after, max_tokens=500)
            paged, after = [*paged, *page["frames"]], page["rest"]
        assert paged == whole


@pytest.mark.long
async def test_what_differs_is_told_by_task_and_part(gates: Project) -> None:
    async with gates.client("2026-07-28") as call:
        run_id = await waiting(call, "gated")
        made = await call("fork_run", run_id=run_id, request_id="k", set={"draft": "mine"})
        assert (await call("diff_runs", old=run_id, new=run_id))["equal"]
        found = await call("diff_runs", old=run_id, new=made["run_id"])
        assert not found["equal"]
        (one,) = [
            each
            for each in found["differences"]
            if (each["task"], each["part"]) == ("draft", "output")
        ]
        assert one["diff"].splitlines()[1:] == ["-draft 1", "+mine"]
        said = await call("diff_runs", old=run_id, new=run_id, new_frame=99)
        assert "REFUSED: " in said.error
        assert "has no frame 99" in said.error
        assert "get_timeline shows them" in said.error
        assert "NOT_FOUND" in (await call("diff_runs", old=run_id, new="gone")).error
        said = await call("fork_run", run_id=run_id, request_id="l", frame=99)
        assert "has no frame 99" in said.error
        assert "get_timeline shows them" in said.error
