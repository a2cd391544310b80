"""The end of a container is a row, written with the frame in which it is certain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from harnesses import Echo
from smithers import (
    Approval,
    Branch,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Task,
    Workflow,
    workflow,
)
from smithers.changes import ContainerEnded, ContainerReopened, Key
from tests.rules.runs import Run

Make = Callable[[], Node[Any]]


def told(run: Run) -> list[tuple[int, str]]:
    """The ends of containers in order, each with its frame."""
    return [
        (frame.number, f"{change.key} {change.outcome}")
        if isinstance(change, ContainerEnded)
        else (frame.number, f"{change.key} reopened")
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, ContainerEnded | ContainerReopened)
    ]


def ends(run: Run) -> dict[str, str]:
    return {str(key): end.outcome for key, end in run.state.ends.items()}


def boom() -> str:
    raise ValueError("boom")


def test_a_container_has_an_end_in_each_iteration_around_it() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        inner = Sequence(Step("a", lambda: 1))
        arms = Branch(lambda: True, Parallel(inner), Sequence(), id="branch")
        tries = iter([False, True])
        return Loop(arms, until=lambda: next(tries), max_iterations=3, id="loop")

    run = Run(flow)
    assert run.go().status == "finished"
    chosen = ("loop", "branch", "branch/parallel1", "branch/parallel1/sequence1")
    assert ends(run) == {
        "loop": "finished",
        **{f"{id}[{number}]": "finished" for id in chosen for number in (0, 1)},
        **{f"branch/sequence1[{number}]": "skipped" for number in (0, 1)},
    }
    assert not any("reopened" in said for _, said in told(run))


def test_a_sequence_that_grows_ends_when_nothing_is_added() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        steps = [Step("s0", lambda: 0)]
        while len(steps) < 4 and ctx.get(steps[-1]) is not None:
            steps.append(Step(f"s{len(steps)}", lambda: 0))
        return Parallel(Sequence(*steps), Sequence(Step("a", lambda: 1)))

    run = Run(flow, max_concurrency=1)
    assert run.go().status == "finished"
    last = run.watch.frames[-1].number
    together = ["parallel finished", "parallel/sequence1 finished"]
    assert sorted(told(run)[-2:]) == [(last, said) for said in together]
    assert [said for _, said in told(run)[:-2]] == ["parallel/sequence2 finished"]


def test_a_resume_reopens_what_failed_and_leaves_what_finished() -> None:
    works = False

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        bad = Step("bad", lambda: "mended" if works else boom())
        return Sequence(
            Sequence(Step("a", lambda: 1)),
            Parallel(bad),
            Sequence(Step("last", lambda: 1)),
        )

    run = Run(flow)
    assert run.go().status == "failed"
    group, never = "sequence/parallel1", "sequence/sequence2"
    again = {"sequence": "failed", group: "failed", never: "cancelled"}
    left = {"sequence/sequence1": "finished", **again}
    assert ends(run) == left
    frames = len(run.watch.frames)
    works = True
    assert run.go().status == "finished"
    assert ends(run) == dict.fromkeys(left, "finished")
    later = [one for one in told(run) if one[0] >= frames]
    assert sorted(later[:3]) == [(frames, f"{name} reopened") for name in sorted(again)]
    assert sorted(said for _, said in later[3:]) == [f"{name} finished" for name in sorted(again)]


def edited(before: Make, after: Make) -> Run:
    """A run of one tree that an owner left, before another goes on with the other tree."""

    def flow_of(make: Make) -> Workflow[NoInput, Any]:
        @workflow
        def flow(ctx: Context[NoInput]) -> Node[Any]:
            return make()

        return flow

    run = Run(flow_of(before))
    run.go()
    run.workflow, run.edited = flow_of(after), True
    return run


def test_a_container_that_an_edit_removed_has_no_end() -> None:
    def ask() -> Approval:
        return Approval("ask", ask="?")

    def a() -> Node[Any]:
        return Step("a", lambda: 1)

    run = edited(lambda: Sequence(Sequence(a()), ask()), lambda: Sequence(a(), ask()))
    assert ends(run) == {"sequence/sequence1": "finished"}
    assert run.go().status == "waiting"
    assert ends(run) == {}


def test_a_container_that_a_render_removed_has_no_end() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: 1)
        group = Parallel(Step("a", lambda: 1)) if ctx.get(first) is None else None
        return Parallel(group, Sequence(Step("slow", lambda: 1), first))

    run = Run(flow, max_concurrency=1)
    assert run.go().status == "finished"
    assert [said for _, said in told(run)][:2] == [
        "parallel/parallel1 finished",
        "parallel/parallel1 reopened",
    ]
    assert "parallel/parallel1" not in ends(run)


def test_a_container_may_end_otherwise_in_the_first_frame_of_an_owner() -> None:
    def a() -> Node[Any]:
        return Step("a", lambda: 1)

    run = edited(lambda: Sequence(a(), Step("bad", boom)), lambda: Sequence(a()))
    assert ends(run) == {"sequence": "failed"}
    frames = len(run.watch.frames)
    assert run.go().status == "finished"
    again = ["sequence reopened", "sequence finished"]
    assert told(run)[1:] == [(frames, said) for said in again]


def test_a_container_that_is_now_a_task_has_no_end_as_a_container() -> None:
    def a() -> Node[Any]:
        return Step("a", lambda: 1)

    def task() -> Node[Any]:
        return Task("one", agent=Echo(), prompt="x", skip_if=lambda: True)

    def branch() -> Node[Any]:
        return Branch(lambda: bool(boom()), a(), id="one")

    run = edited(
        lambda: Sequence(branch(), Step("last", lambda: 1)),
        lambda: Sequence(task()),
    )
    assert ends(run) == {"sequence": "failed", "one": "failed"}
    assert run.go().status == "finished"
    assert ends(run) == {"sequence": "finished"}
    assert run.outcome("one") == "skipped"


def test_a_run_that_is_cancelled_leaves_what_is_open_without_an_end() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        done = Sequence(Step("a", lambda: 1))
        return Sequence(done, Parallel(Approval("ask", ask="?")))

    run = Run(flow)
    assert run.go().status == "waiting"
    asyncio.run(run.cancel())
    assert run.go().status == "cancelled"
    assert ends(run) == {"sequence/sequence1": "finished"}


def test_an_owner_that_is_stopped_before_a_render_leaves_the_ends_to_the_next() -> None:
    stops = True

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        async def first() -> int:
            if stops:
                run.engine.stop("SIGTERM")
            return 1

        one = Step("one", first)
        more = [Step("two", lambda: 2)] if ctx.get(one) is not None else []
        return Sequence(Sequence(one, *more))

    run = Run(flow)
    run.go()
    assert run.outcome("one") == "finished"
    assert run.outcome("two") is None
    assert ends(run) == {}
    stops = False
    assert run.go().status == "finished"
    assert [said for _, said in told(run)] == ["sequence/sequence1 finished", "sequence finished"]


def test_a_render_that_is_wrong_ends_no_container() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        one = Step("one", lambda: 1)
        more = [Step("one", lambda: 2)] if ctx.get(one) is not None else []
        return Sequence(Sequence(Step("zero", lambda: 0)), one, *more)

    run = Run(flow)
    assert run.go().status == "failed"
    assert ends(run) == {"sequence/sequence1": "finished"}


def test_what_ends_after_a_render_that_is_wrong_has_its_end() -> None:
    rendered = asyncio.Event()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        async def other() -> int:
            await rendered.wait()
            return 1

        first = Step("first", lambda: 1)
        if ctx.get(first) is not None:
            rendered.set()
            raise ValueError("boom")
        return Parallel(first, Sequence(Step("other", other)))

    run = Run(flow)
    assert run.go().status == "failed"
    assert run.outcome("other") == "finished"
    assert ends(run) == {"parallel/sequence1": "finished"}


def test_a_failure_that_is_tolerated_is_that_of_its_container_and_of_none_around_it() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        own = Sequence(Step("own", boom, on_failure="continue"), Step("b", lambda: 1))
        each = ForEach(
            [0, 1],
            key=str,
            each=lambda n: Sequence(Step(f"i{n}", boom if n else lambda: 1), Step(f"j{n}", boom)),
            on_failure="continue",
            id="each",
        )
        raises = Branch(lambda: bool(boom()), Step("x", boom), id="raises")
        group = ForEach(["x"], key=str, each=lambda x: raises, on_failure="continue", id="group")
        return Sequence(own, each, group)

    run = Run(flow)
    assert run.go().status == "finished"
    assert ends(run) == {
        "sequence": "finished",
        "sequence/sequence1": "finished",
        "each": "finished",
        "each/0": "failed",
        "each/1": "failed",
        "group": "finished",
        "raises": "failed",
    }
    assert run.state.ended[Key("raises")].error is not None
