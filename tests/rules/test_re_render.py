"""DESIGN 3a, Re-render: it changes pending nodes only."""

from __future__ import annotations

import asyncio

from smithers import Approval, Branch, Context, Node, NoInput, Parallel, Sequence, Step, workflow
from smithers.changes import AttemptEnded, NodeGone, NodeMounted
from tests.rules.runs import Run


def test_a_structure_that_reads_nothing_renders_at_the_start_alone() -> None:
    renders: list[int] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        renders.append(1)
        first = Step("first", lambda: 1)
        return Sequence(first, Step("second", lambda: ctx[first]), Step("third", lambda: 2))

    assert Run(flow).go().status == "finished"
    assert renders == [1, 1], "twice at first, to see that it gives the same"


def test_a_scope_runs_again_only_when_what_it_read_has_changed() -> None:
    renders: list[int | None] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: 1)
        second = Step("second", lambda: 2)
        renders.append(ctx.get(second))
        return Sequence(first, second, *(Step(f"s{n}", lambda: 0) for n in range(5)))

    assert Run(flow).go().status == "finished"
    assert renders == [None, None, 2], "twice at first, to see that it gives the same"


def test_a_running_task_that_is_gone_from_the_new_tree_is_cancelled() -> None:
    stopped: list[bool] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        async def hang() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                stopped.append(True)

        async def quick() -> int:
            return 1

        first = Step("first", quick)
        return Parallel(first, None if ctx.get(first) else Step("slow", hang))

    run = Run(flow)
    assert run.go().status == "finished"
    assert stopped == [True]
    assert run.outcome("slow") == "cancelled"
    ends = [
        change.state
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, AttemptEnded)
    ]
    assert sorted(ends) == ["cancelled", "succeeded"]


def test_finished_outputs_stay_readable_by_id() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: "kept")
        then = Step("then", lambda: ctx.get("first", str))
        return Sequence(then) if ctx.get(first) else Sequence(first)

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("then") == '"kept"'


def test_finished_outputs_stay_readable_by_their_handle() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: "kept")
        then = Step("then", lambda: ctx[first])
        return Sequence(then) if ctx.get(first) else Sequence(first)

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("then") == '"kept"'


def test_a_pending_task_takes_its_new_prompt() -> None:
    from smithers import Task
    from tests.rules.agents import Scripted

    agent = Scripted()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: "new")
        word = ctx.get(first) or "old"
        return Sequence(first, Task("second", agent=agent, prompt=f"the {word} prompt"))

    assert Run(flow).go().status == "finished"
    assert agent.asks[0].prompt == "the new prompt"


def test_an_open_question_survives_a_render() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: 1)
        return Parallel(Approval("ok", ask=f"ok? {ctx.get(first)}"), first)

    run = Run(flow)
    assert run.go().status == "waiting"
    run.answer("ok")
    assert run.go().status == "finished"


def test_a_crash_changes_nothing_of_a_tree_that_reads_state() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: 1)
        more = Branch(lambda: True, Step("arm", lambda: 1)) if ctx.get(first) else None
        less = None if ctx.get(first) else Branch(lambda: True, Sequence(Step("no", lambda: 1)))
        return Sequence(first, less, more, Approval("ok", ask="ok?"))

    run = Run(flow)
    assert run.go().status == "waiting"
    assert run.outcome("no") is None
    frames = len(run.watch.frames)
    assert run.go().status == "waiting"
    changes = [change for frame in run.watch.frames[frames:] for change in frame.changes]
    assert not [change for change in changes if isinstance(change, NodeGone | NodeMounted)]
    run.answer("ok")
    assert run.go().status == "finished"


def test_a_wrong_tree_in_a_later_render_fails_the_run_with_its_place() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: 1)
        if ctx.get(first):
            return Sequence(first, Step("first", lambda: 2))
        return Sequence(first)

    run = Run(flow)
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error.kind == "AuthorError"
    assert (ended.error.place or "").startswith(__file__)
