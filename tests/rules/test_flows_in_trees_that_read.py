"""DESIGN 4, Render scopes: a flow in a tree that reads is run again, as far as the rows go."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from smithers import Context, Flow, Loop, Node, NoInput, Parallel, Run, Sequence, Step, workflow
from smithers.changes import AttemptStarted
from tests.rules import runs


async def fails() -> str:
    raise RuntimeError("no")


def step(id: str, turns: int = 0) -> Step[str]:
    async def work() -> str:
        for _ in range(turns):
            await asyncio.sleep(0)
        return id

    return Step(id, work)


def starts(run: runs.Run) -> list[str]:
    changes = [change for frame in run.watch.frames for change in frame.changes]
    return [change.key.id for change in changes if isinstance(change, AttemptStarted)]


def test_a_call_of_a_flow_that_the_function_reads_ends_once() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        async def both(run: Run[None]) -> None:
            await run.node(step("first"))
            await run.node(step("second"))

        more = step("more") if ctx.get("first", str) is not None else None
        return Parallel(Flow("flow", both), more)

    run = runs.Run(flow)
    assert run.drive_to_end().status.status == "finished"
    assert sorted(starts(run)) == ["first", "more", "second"]


@pytest.mark.parametrize("watched", ["bad", "last"])
def test_a_row_in_a_flow_that_fails_while_it_is_read_ends_once(watched: str) -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        async def body(run: Run[None]) -> None:
            bad = Step("bad", fails)
            await run.node(Sequence(bad, step("last"), on_failure="continue", id="row"))

        more = step("more") if ctx.state(watched) != "open" else None
        return Parallel(Flow("flow", body), more)

    run = runs.Run(flow)
    assert run.drive_to_end().status.status == "finished"
    assert sorted(starts(run)) == ["bad", "more"]


def test_a_task_of_a_flow_keeps_its_slot_of_a_pool_when_the_tree_grows() -> None:
    at_work: list[str] = []

    def pooled(id: str) -> Step[str]:
        async def work() -> str:
            at_work.append(id)
            for _ in range(20):
                await asyncio.sleep(0)
                assert at_work == [id]
            at_work.remove(id)
            return id

        return Step(id, work, pool="one")

    @workflow(pools={"one": 1})
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        async def body(run: Run[None]) -> None:
            await run.node(pooled("mine"))

        x = step("x", turns=5)
        more = step("more") if ctx.get(x) is not None else None
        return Parallel(Flow("flow", body), Sequence(step("y"), pooled("other")), x, more)

    run = runs.Run(flow)
    assert run.drive_to_end().status.status == "finished"
    assert sorted(starts(run)) == ["mine", "more", "other", "x", "y"]


def test_a_group_grows_in_the_render_in_which_the_last_of_it_leaves() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        x = step("x", turns=5)
        grows = ctx.get(x) is not None
        row = Sequence(
            step("a"),
            None
            if grows
            else Loop(step("b", 1 << 30), until=lambda: True, max_iterations=1, id="loop"),
        )
        return Parallel(x, Sequence(Parallel(row, step("c") if grows else None), step("d")))

    run = runs.Run(flow)
    assert run.drive_to_end().status.status == "finished"
    assert [id for id in starts(run) if id in "cd"] == ["c", "d"]
