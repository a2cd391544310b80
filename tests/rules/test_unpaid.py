"""At the cap of a budget what costs nothing goes on, and a run may finish without paid work."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from smithers import (
    Approval,
    Budget,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Retry,
    Rework,
    Sequence,
    Step,
    Task,
    workflow,
)
from smithers.changes import Key
from smithers.errors import Transient
from tests.rules.agents import Scripted
from tests.rules.resuming import check_every_crash, crashed
from tests.rules.runs import Run

SPENT = Budget(calls=1)
FINISH = Budget(calls=1, on_exhausted="finish")


def paid(id: str, **options: Any) -> Task[str]:
    return Task(id, agent=Scripted(), prompt="p", **options)


def free(id: str) -> Step[int]:
    return Step(id, lambda: 1)


def run_of(make: Callable[[Context[NoInput]], Node[Any]], budget: Budget | None = SPENT) -> Run:
    return Run(workflow(budget=budget)(make))


# -- what costs nothing


@pytest.mark.parametrize("max_concurrency", [1, 8])
def test_steps_go_on_below_a_budget_that_is_spent(max_concurrency: int) -> None:
    def flow(ctx: Context[NoInput]) -> Node:
        held = Parallel(*(paid(f"p{n}") for n in range(4)))
        return Parallel(held, Sequence(free("a"), Approval("ok", ask="?"), free("b")))

    run = run_of(flow)
    run.limit(max_concurrency)
    assert run.go().status == "waiting"
    run.answer("ok")
    assert run.go().status == "waiting"
    assert run.outcome("a") == run.outcome("b") == "finished"
    assert run.starts.count("p0#1") == 1
    assert len([one for one in run.starts if one.startswith("p")]) == 1


def test_a_step_is_retried_below_a_budget_that_is_spent() -> None:
    left = [1, 2]

    def flow(ctx: Context[NoInput]) -> Node:
        def work() -> int:
            if left:
                raise ValueError(left.pop())
            return 1

        step = Step("step", work, retry=Retry(first_s=0.001))
        return Sequence(paid("first"), Parallel(paid("second"), step))

    run = run_of(flow)
    assert run.go().status == "waiting"
    assert run.outcome("step") == "finished"


def in_parallel(held: Node[Any], beside: Node[Any]) -> Node[Any]:
    return Parallel(held, beside, limit=1)


def in_items(held: Node[Any], beside: Node[Any]) -> Node[Any]:
    nodes = {"held": held, "beside": beside}
    return ForEach(list(nodes), key=str, each=nodes.__getitem__, limit=1, id="items")


def nested(held: Node[Any], beside: Node[Any]) -> Node[Any]:
    return Parallel(Sequence(Parallel(held)), Sequence(beside), limit=1)


LIMITED = pytest.mark.parametrize("limited", [in_parallel, in_items, nested])


@LIMITED
def test_a_task_that_waits_for_a_budget_takes_no_slot(
    limited: Callable[[Node[Any], Node[Any]], Node[Any]],
) -> None:
    run = run_of(lambda ctx: Sequence(paid("first"), limited(paid("held"), free("free"))))
    assert run.go().status == "waiting"
    assert run.outcome("free") == "finished"
    run.raise_budget(calls=1)
    assert run.go().status == "finished"


@LIMITED
def test_a_task_that_has_begun_gives_its_slot_back_while_it_waits(
    limited: Callable[[Node[Any], Node[Any]], Node[Any]],
) -> None:
    cut = Scripted(Transient("cut"), "done")

    def flow(ctx: Context[NoInput]) -> Node:
        held = Task("held", agent=cut, prompt="p", retry=Retry(first_s=0.001))
        return limited(held, free("free"))

    run = run_of(flow)
    assert run.go().status == "waiting"
    assert run.starts == ["held#1", "free#1"]
    run.raise_budget(calls=1)
    assert run.go().status == "finished"


@LIMITED
def test_a_group_in_which_all_wait_for_a_budget_takes_no_slot(
    limited: Callable[[Node[Any], Node[Any]], Node[Any]],
) -> None:
    run = run_of(lambda ctx: limited(Sequence(paid("one"), paid("two")), free("free")))
    assert run.go().status == "waiting"
    assert run.starts == ["one#1", "free#1"]
    run.raise_budget(calls=1)
    assert run.go().status == "finished"


def test_a_group_takes_its_slot_as_long_as_something_in_it_is_at_work() -> None:
    def flow(ctx: Context[NoInput]) -> Node:
        works = Sequence(free("a"), Approval("ok", ask="?"))
        group = Parallel(Sequence(paid("one"), paid("two")), works)
        return Parallel(group, free("free"), limit=1)

    run = run_of(flow)
    assert run.go().status == "waiting"
    assert run.outcome("free") is None  # the open question takes the slot
    run.answer("ok")
    assert run.go().status == "waiting"
    assert run.outcome("free") == "finished"


def test_a_limit_holds_when_the_budget_is_raised() -> None:
    def flow(ctx: Context[NoInput]) -> Node:
        asks = [Approval(f"ok{n}", ask="?") for n in range(2)]
        lines = [Sequence(paid(f"p{n}"), one) for n, one in enumerate(asks)]
        return Sequence(paid("first"), Parallel(Approval("ok", ask="?"), *lines, limit=1))

    run = run_of(flow)
    assert run.go().status == "waiting"
    run.raise_budget(calls=2)
    assert run.go().status == "waiting"
    assert run.starts == ["first#1"]  # the question has the slot
    run.answer("ok")
    assert run.go().status == "waiting"
    assert run.starts == ["first#1", "p0#1"]


# -- "finish"


def test_a_run_finishes_without_what_its_budget_does_not_pay_for() -> None:
    def flow(ctx: Context[NoInput]) -> Node[list[str | None]]:
        first, second, third = paid("first"), paid("second"), paid("third")
        seen = Step("seen", lambda: [ctx.get(first), ctx.get(second), ctx.state(third)])
        return Sequence(first, second, third, seen, result=seen)

    run = run_of(flow, FINISH)
    ended = run.drive_to_end()
    assert ended.status.status == "finished"
    assert ended.unpaid
    assert run.starts == ["first#1", "seen#1"]
    assert run.outcome("second") == run.outcome("third") == "skipped"
    assert json.loads(ended.status.output or "") == ["done", None, "skipped"]
    assert run.state.unpaid == [Key("second"), Key("third")]
    error = run.state.ended[Key("second")].error
    assert error is not None
    assert error.kind == "BudgetExhausted"
    assert error.message == "the budget of the run is spent: 1 of 1 call"
    assert run.state.waits == {}


@pytest.mark.parametrize("last", ["continue", "fail"])
def test_work_that_cannot_be_paid_for_again_is_not_sent_back_and_stays(last: Any) -> None:
    def flow(ctx: Context[NoInput]) -> Node[str]:
        draft = paid("draft")

        def judge() -> None:
            raise ValueError(f"{ctx[draft]} is not enough")

        verdict = Step("verdict", judge, on_failure=Rework(draft, max_rounds=3))
        handled = Sequence(verdict, on_failure=last)
        return Sequence(draft, handled, free("after"), result=draft)

    run = run_of(flow, FINISH)
    ended = run.drive_to_end()
    assert run.starts[:2] == ["draft#1", "verdict#1"]
    assert run.outcome("draft") == "finished"
    if last == "continue":
        assert json.loads(ended.status.output or "") == "done"
        assert not ended.unpaid
    else:
        assert ended.status.error is not None
        assert "done is not enough" in ended.status.error.message


def test_a_read_of_what_was_not_paid_for_fails_its_reader_by_the_budget() -> None:
    def flow(ctx: Context[NoInput]) -> Node:
        second = paid("second")
        return Sequence(paid("first"), second, Step("seen", lambda: ctx[second]))

    error = run_of(flow, FINISH).go().error
    assert error is not None
    assert error.message == (
        "seen failed: seen reads second, which was skipped: the budget of the run is spent:"
        " 1 of 1 call"
    )


def test_what_is_not_paid_for_evaluates_no_prompt_and_needs_of_it_are_met() -> None:
    def flow(ctx: Context[NoInput]) -> Node:
        second = paid("second")
        third = Task("third", agent=Scripted(), prompt=lambda: ctx[second])
        last = Step("last", lambda: 1, needs=[third])
        return Sequence(paid("first"), second, third, last)

    run = run_of(flow, FINISH)
    assert run.go().status == "finished"
    assert run.outcome("third") == "skipped"
    assert run.outcome("last") == "finished"


def test_a_retry_that_is_not_paid_for_is_skipped_with_its_last_error() -> None:
    def flow(ctx: Context[NoInput]) -> Node:
        cut = Scripted(Transient("cut"), "done")
        return Task("cut", agent=cut, prompt="p", retry=Retry(first_s=0.001))

    run = run_of(flow, FINISH)
    assert run.go().status == "finished"
    error = run.state.ended[Key("cut")].error
    assert error is not None
    assert error.message.endswith("is spent: 1 of 1 call; its last attempt: cut")


@pytest.mark.parametrize(
    ("inner", "outer", "outcome"),
    [
        ("finish", "wait", "skipped"),
        ("wait", "finish", "skipped"),
        ("finish", "fail", "skipped"),
        ("fail", "finish", "failed"),
    ],
)
def test_of_several_spent_budgets_the_innermost_that_ends_a_task_decides(
    inner: Any, outer: Any, outcome: str
) -> None:
    def flow(ctx: Context[NoInput]) -> Node:
        budget = Budget(calls=1, on_exhausted=inner)
        return Parallel(Sequence(paid("first"), paid("second"), budget=budget))

    run = run_of(flow, Budget(calls=1, on_exhausted=outer))
    run.go()
    assert run.outcome("second") == outcome


def test_a_loop_goes_on_with_its_steps_when_its_agent_is_not_paid_for() -> None:
    def flow(ctx: Context[NoInput]) -> Node:
        write, check = paid("write"), free("check")
        loop = Loop(write, check, until=lambda: False, max_iterations=3, on_exhausted="finish")
        return Sequence(loop, free("after"))

    run = run_of(flow, FINISH)
    assert run.go().status == "finished"
    assert [run.outcome("write", n) for n in range(3)] == ["finished", "skipped", "skipped"]
    assert [run.outcome("check", n) for n in range(3)] == ["finished"] * 3


def test_what_was_skipped_stays_skipped_when_the_run_is_resumed() -> None:
    broken = [True]

    def flow(ctx: Context[NoInput]) -> Node:
        def work() -> int:
            if broken:
                raise ValueError("no")
            return 1

        return Sequence(paid("first"), paid("second"), Step("last", work))

    run = run_of(flow, FINISH)
    assert run.go().status == "failed"
    broken.clear()
    run.raise_budget(calls=5)
    ended = run.drive_to_end()
    assert (ended.status.status, ended.unpaid) == ("finished", True)
    assert run.starts == ["first#1", "last#1", "last#2"]


def test_a_run_that_paid_for_all_lacks_nothing() -> None:
    run = run_of(lambda ctx: Sequence(paid("first"), free("second")), FINISH)
    assert not run.drive_to_end().unpaid


def test_a_crash_at_any_frame_skips_the_same() -> None:
    def make() -> Any:
        def flow(ctx: Context[NoInput]) -> Node[str]:
            second = paid("second")
            seen = Step("seen", lambda: ctx.state(second))
            ok = Approval("ok", ask="?")
            group = Parallel(second, paid("x"), limit=1)
            return Sequence(paid("first"), ok, group, seen, result=seen)

        return workflow(budget=Budget(tokens=12, on_exhausted="finish"))(flow)

    whole = check_every_crash(make)
    assert whole.status.status == "finished"
    assert len(whole.unpaid) == 2


def test_a_crash_at_any_frame_while_a_task_waits_lets_the_free_ones_begin() -> None:
    def flow(ctx: Context[NoInput]) -> Node:
        cut = Scripted(Transient("cut"), "done")
        held = Task("held", agent=cut, prompt="p", retry=Retry(first_s=0))
        return Parallel(held, free("free"), limit=1)

    whole = run_of(flow)
    assert whole.go().status == "waiting"
    for count in range(1, len(whole.watch.frames) + 1):
        run = crashed(whole, count)
        run.go()
        assert run.outcome("free") == "finished", f"after a crash behind frame {count - 1}"
