"""DESIGN 4 to 6: cancelled, stopped, too late, or simply done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from smithers import Approval, Context, Node, NoInput, Parallel, Sequence, Step, Task, workflow
from smithers.changes import Key, StatusChanged
from tests.rules.agents import HANGS, Scripted
from tests.rules.runs import Clock, Run


def while_it_runs(run: Run, act: Callable[[], Awaitable[None]], *, frames: int = 1) -> str:
    """Drive the run, act once it has so many frames, and give the status it was left in."""

    async def main() -> str:
        async with asyncio.timeout(10):
            driving = asyncio.ensure_future(run.drive())
            await run.until_frames(frames)
            await act()
            ending = await driving
            return "stopped" if ending.stopped else ending.status.status

    return asyncio.run(main())


def hanging(agent: Scripted) -> Run:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        hangs = Task("hangs", agent=agent, prompt="p")
        return Sequence(Parallel(hangs, Approval("ok", ask="ok?")), Step("after", lambda: 1))

    return Run(flow)


def test_a_cancel_note_ends_a_run_that_is_going_on() -> None:
    agent = Scripted(HANGS)
    run = hanging(agent)
    assert while_it_runs(run, run.cancel, frames=2) == "cancelled"
    assert agent.stopped == 1
    state = run.state
    assert not state.running()
    assert not state.waits
    assert state.attempts[1].state == "cancelled"
    assert {state.ended[Key(id)].outcome for id in ("hangs", "ok")} == {"cancelled"}
    assert Key("after") not in state.ended


def test_a_cancel_note_ends_a_run_that_waits_and_is_resumed() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Approval("ok", ask="ok?")

    run = Run(flow)
    assert run.go().status == "waiting"
    asyncio.run(run.cancel())
    assert run.go().status == "cancelled"
    assert not run.state.waits


def test_a_cancel_note_that_comes_with_the_last_frame_changes_nothing_of_it() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Step("one", lambda: 1)

    run = Run(flow)
    assert run.go().status == "finished"
    statuses = [
        change.status
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, StatusChanged)
    ]
    assert statuses == ["running", "finished"]


def test_a_stopped_owner_leaves_the_run_resumable() -> None:
    agent = Scripted(HANGS, "done")
    run = hanging(agent)

    async def stop() -> None:
        run.engine.stop()

    assert while_it_runs(run, stop, frames=2) == "stopped"
    assert run.state.run_status == "running"
    assert [one.state for one in run.state.attempts.values()] == ["interrupted"]
    assert run.go().status == "waiting"
    run.answer("ok")
    assert run.go().status == "finished"
    assert agent.asks[1].session == "agent-1"


def test_an_owner_that_is_stopped_at_once_has_started_nothing_more() -> None:
    agent = Scripted("done")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Task("task", agent=agent, prompt="p")

    run = Run(flow)
    run.before = lambda engine: engine.stop()

    async def nothing() -> None:
        return

    assert while_it_runs(run, nothing) == "stopped"
    run.before = lambda engine: None
    assert run.go().status == "finished"
    assert len(agent.asks) == 1


def test_a_run_that_takes_longer_than_its_deadline_fails() -> None:
    agent = Scripted(HANGS)

    @workflow(deadline_s=0.1)
    def flow(ctx: Context[NoInput]) -> Node:
        return Sequence(Task("task", agent=agent, prompt="p"), Step("after", lambda: 1))

    run = Run(flow)
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error.kind == "DeadlineExceeded"
    assert agent.stopped == 1
    assert run.outcome("task") == "cancelled"


def test_the_deadline_counts_from_the_start_of_the_run_over_its_owners() -> None:
    clock = Clock()

    @workflow(deadline_s=100)
    def flow(ctx: Context[NoInput]) -> Node:
        return Approval("ok", ask="ok?")

    run = Run(flow, now=clock)
    assert run.go().status == "waiting"
    clock.pass_s(30)
    assert run.go().status == "waiting"
    clock.pass_s(70)
    assert run.go().status == "failed"
    assert not run.state.waits


def test_an_owner_stays_up_for_a_deadline_that_is_near() -> None:
    @workflow(deadline_s=0.2)
    def flow(ctx: Context[NoInput]) -> Node:
        return Approval("ok", ask="ok?")

    assert Run(flow).go().status == "failed"


def test_a_run_that_is_done_in_its_last_moment_is_done() -> None:
    clock = Clock()

    @workflow(deadline_s=100)
    def flow(ctx: Context[NoInput]) -> Node:
        def late() -> str:
            clock.pass_s(1000)
            return "done"

        return Step("late", late)

    assert Run(flow, now=clock).go().status == "finished"


def test_failures_that_the_author_allowed_are_told() -> None:
    def boom() -> None:
        raise ValueError("no")

    def make(*, allowed: bool) -> Run:
        @workflow
        def flow(ctx: Context[NoInput]) -> Node:
            return Step("one", boom if allowed else lambda: None, on_failure="continue")

        return Run(flow)

    async def main(run: Run) -> bool:
        return (await run.drive()).tolerated

    assert asyncio.run(main(make(allowed=True)))
    assert not asyncio.run(main(make(allowed=False)))


def test_a_run_that_waits_has_nothing_left_in_the_process() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Sequence(Step("one", lambda: 1), Approval("ok", ask="ok?"))

    run = Run(flow)

    async def main() -> set[str]:
        await run.drive()
        return {task.get_name() for task in asyncio.all_tasks()} - {"main"}

    async def named() -> set[str]:
        task = asyncio.current_task()
        assert task is not None
        task.set_name("main")
        return await main()

    assert asyncio.run(named()) == set()


def test_a_sequence_of_n_costs_n_frames_and_a_constant() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        async def one() -> int:
            return 1

        return Sequence(*(Step(f"s{n}", one) for n in range(40)))

    run = Run(flow)
    assert run.go().status == "finished"
    assert len(run.watch.frames) <= 42


def test_a_group_of_completions_shares_frames() -> None:
    @workflow(max_concurrency=50)
    def flow(ctx: Context[NoInput]) -> Node:
        async def one() -> int:
            return 1

        return Parallel(*(Step(f"s{n}", one) for n in range(200)))

    run = Run(flow)
    assert run.go().status == "finished"
    assert len(run.watch.frames) < 50
