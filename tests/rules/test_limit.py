"""DESIGN 3a, `limit`: how many direct children have begun and are not settled."""

from __future__ import annotations

import asyncio

import pytest

from smithers import (
    Approval,
    Context,
    ForEach,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Task,
    Workflow,
    workflow,
)
from smithers.changes import Key
from smithers.errors import AuthorError
from tests.rules.agents import Scripted
from tests.rules.runs import Run


class Count:
    """How many run at once, and the most that ever did."""

    def __init__(self) -> None:
        self.now = self.most = 0

    async def one(self) -> int:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.now -= 1
        return 1


def test_no_more_direct_children_than_the_limit_are_begun() -> None:
    count = Count()

    @workflow(max_concurrency=16)
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(*(Step(f"s{n}", count.one) for n in range(10)), limit=3)

    run = Run(flow)
    assert run.go().status == "finished"
    assert count.most == 3


def test_children_begin_in_document_order() -> None:
    count = Count()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        each = ForEach(
            [f"s{n}" for n in range(6)],
            key=str,
            each=lambda id: Step(id, count.one),
            limit=1,
        )
        return each

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.starts == [f"s{n}#1" for n in range(6)]


def test_a_child_counts_until_all_of_it_is_settled() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        pairs = (Sequence(Step(f"a{n}", lambda: 1), Step(f"b{n}", lambda: 2)) for n in range(3))
        return Parallel(*pairs, limit=1)

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.starts == ["a0#1", "b0#1", "a1#1", "b1#1", "a2#1", "b2#1"]


def test_waiting_for_data_holds_no_slot() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        late = Step("late", lambda: 1)
        early = Task("early", agent=Scripted(), prompt=lambda: f"{ctx[late]}")
        return Parallel(early, late, limit=1)

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.starts == ["late#1", "early#1"]


def test_a_deferred_attempt_does_not_count() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        late = Step("late", lambda: 1)
        return Parallel(Step("early", lambda: ctx[late]), late, limit=1)

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.starts == ["early#1", "late#1", "early#2"]


def test_a_wait_of_its_own_for_the_outside_counts() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(Approval("ok", ask="?"), Step("after", lambda: 1), limit=1)

    run = Run(flow)
    assert run.go().status == "waiting"
    assert run.starts == []
    assert run.go().status == "waiting"
    assert run.starts == []
    run.answer("ok")
    assert run.go().status == "finished"
    assert run.starts == ["after#1"]


def test_a_slot_is_given_on_when_a_child_is_skipped() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        tasks = (
            Task(f"t{n}", agent=Scripted(), prompt="p", skip_if=lambda: True) for n in range(3)
        )
        return Parallel(*tasks, Step("last", lambda: 1), limit=1)

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.starts == ["last#1"]


def test_a_circle_of_slots_and_data_fails_the_run_and_names_each_edge() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        late = Step("late", lambda: 1)
        holder = Sequence(Step("first", lambda: 0), Step("second", lambda: ctx[late]))
        return Parallel(holder, late, limit=1)

    run = Run(flow)
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    said = ended.error.message
    assert "circle" in said
    assert "second" in said
    assert "late" in said
    assert said.count(__file__) >= 2


def test_a_circle_of_reads_is_refused_before_anything_runs() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def one() -> str:
            return ctx[second]

        first: Task[str] = Task("first", agent=Scripted(), prompt=one)
        second = Task("second", agent=Scripted(), prompt=lambda: ctx[first])
        return Parallel(first, second)

    run = Run(flow)
    with pytest.raises(AuthorError, match="circle") as caught:
        run.go()
    assert "first" in str(caught.value)
    assert "second" in str(caught.value)
    assert run.watch.frames == []


def test_a_task_that_reads_one_after_it_in_a_sequence_is_refused() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def one() -> str:
            return ctx[second]

        first = Task("first", agent=Scripted(), prompt=one)
        second = Step("second", lambda: "text")
        return Sequence(first, second)

    with pytest.raises(AuthorError, match="circle") as caught:
        Run(flow).go()
    assert "'first'" in str(caught.value) or "first" in str(caught.value)


def test_the_concurrency_of_the_workflow_bounds_all() -> None:
    count = Count()

    def make() -> Workflow[NoInput, object]:
        @workflow(input=NoInput, max_concurrency=2)
        def flow(ctx: Context[NoInput]) -> Node:
            return Parallel(*(Parallel(Step(f"s{n}", count.one)) for n in range(8)))

        return flow

    assert Run(make()).go().status == "finished"
    assert count.most == 2
    count.most = 0
    assert Run(make(), max_concurrency=4).go().status == "finished"
    assert count.most == 4


def test_an_edge_that_waits_for_a_person_is_no_deadlock() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        ok = Approval("ok", ask="?")
        return Parallel(Step("reader", lambda: ctx[ok].approved), ok)

    run = Run(flow)
    assert run.go().status == "waiting"
    assert run.state.waits[Key("reader"), "data"].opened.on == ("ok",)
    run.answer("ok")
    assert run.go().status == "finished"
    assert run.output("reader") == "true"


def test_a_limit_above_the_concurrency_is_told() -> None:
    @workflow(max_concurrency=2)
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(Step("one", lambda: 1), limit=3)

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.reports == [
        "the parallel: its limit of 3 has no effect because max_concurrency is 2"
    ]


def test_an_item_that_was_open_has_its_slot_when_its_answer_comes_at_a_resume() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        source = Step("source", lambda: "ab")  # it is told to the plan after what comes behind it
        items = ForEach(
            lambda: list(ctx[source]),
            key=str,
            each=lambda item: Sequence(Approval(f"ok {item}", ask="?"), Step(item, lambda: 1)),
        )
        after = Step("after", lambda: 1, needs=[source])
        return Parallel(Sequence(Step("first", lambda: 1), source), items, after, limit=1)

    run = Run(flow)
    assert run.go().status == "waiting"
    for item in "ab":
        run.answer(f"ok {item}")
    assert run.go().status == "finished"
    assert run.starts == ["first#1", "source#1", "a#1", "b#1", "after#1"]
