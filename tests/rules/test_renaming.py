"""DESIGN 8: a task with another id keeps its work, wherever its owner dies."""

from __future__ import annotations

import asyncio
from typing import Any

from smithers import Approval, Context, Loop, Node, NoInput, Sequence, Step, Task, workflow
from smithers.changes import Key
from smithers.engine.renaming import rename_frame
from smithers.state import RunState
from tests.rules.agents import Recalling, Scripted
from tests.rules.resuming import crashed, finish
from tests.rules.runs import Run


def rename(run: Run, **renames: str) -> None:
    """Write the frame that renames tasks, as an owner does who dies right after it."""

    async def write() -> None:
        frames = (await run.store.load("r1")).frames
        frame = rename_frame(
            "r1", frames, renames, lambda key, at: run.store.output("r1", key, at), run.now()
        )
        claimed = await run.store.claim("r1", run.owner, source="2")
        await run.store.commit(claimed.claim, frame)
        await run.store.release(claimed.claim)
        run.watch.frames.append(frame)

    asyncio.run(write())
    run.edited = True


def flow_of(first: str, second: str, agent: Any) -> Any:
    @workflow(name="flow")
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        a = Step(first, lambda: "a" * 5000)
        b = Task(second, agent=agent, prompt=lambda: f"Do {ctx[a][:1]}")
        return Sequence(a, b, Step("last", lambda: f"{ctx[a][:1]} {ctx[b]}"))

    return flow


def test_the_work_counts_for_the_owner_after_the_one_who_renamed() -> None:
    run = Run(flow_of("a", "b", Scripted("done")))
    finish(run)
    rename(run, a="one", b="two")
    run.workflow = flow_of("one", "two", Scripted("done"))
    started = len(run.starts)
    assert finish(run) == "finished"
    assert len(run.starts) == started
    reads = run.state.reads[Key("two")]
    assert reads == {Key("one"): run.state.ended[Key("one")].frame}
    assert RunState.of(run.watch.frames) == run.state


def test_an_agent_that_was_interrupted_continues_its_session_under_the_new_id() -> None:
    disk: dict[str, list[str]] = {}
    run = Run(flow_of("a", "b", Recalling(disk)))
    finish(run)
    ended = next(
        frame.number
        for frame in run.watch.frames
        if RunState.of(run.watch.frames[: frame.number + 1]).outcome(Key("b"))
    )
    after = crashed(run, ended)
    rename(after, b="two")
    agent = Recalling(disk)
    after.workflow = flow_of("a", "two", agent)
    assert finish(after) == "finished"
    (ask,) = agent.asks
    assert ask.session is not None
    assert [one.state for one in after.state.tries[Key("two")]] == ["interrupted", "succeeded"]


def test_all_iterations_of_a_task_are_renamed() -> None:
    def flow_with(id: str) -> Any:
        @workflow(name="flow")
        def flow(ctx: Context[NoInput]) -> Node[Any]:
            body = Step(id, lambda: 1)
            return Sequence(
                Loop(body, until=lambda: ctx.previous(body) is not None, max_iterations=3, id="l"),
                Approval("wait", ask="Well?"),
            )

        return flow

    run = Run(flow_with("x"))
    run.go()
    rename(run, x="y")
    run.workflow = flow_with("y")
    started = len(run.starts)
    assert finish(run) == "finished"
    assert len(run.starts) == started
    assert {key for key in run.state.ended if key.id == "y"} == {Key("y", (0,)), Key("y", (1,))}
