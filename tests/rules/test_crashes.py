"""DESIGN 4 and 6: a crash at every frame boundary changes neither the end nor what was paid for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from smithers import (
    Approval,
    Attempt,
    Branch,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Retry,
    Sequence,
    Step,
    Task,
    Workflow,
    workflow,
)
from smithers.errors import Permanent, Transient
from tests.rules.agents import Scripted
from tests.rules.resuming import check_every_crash
from tests.rules.runs import Run

SOON = Retry(tries=3, first_s=0.001, jitter=0)
Make = Callable[[], Workflow[Any, Any]]


def echo() -> Scripted:
    return Scripted(lambda ask: f"<{ask.prompt}>")


def sequence() -> Workflow[Any, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[str]:
        a = Task("a", agent=echo(), prompt="a")
        b = Task("b", agent=echo(), prompt=lambda: f"b of {ctx[a]}")
        c = Step("c", lambda: f"c of {ctx[b]}")
        return Sequence(a, b, c, result=c)

    return flow


def data_flow() -> Workflow[Any, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[str]:
        def last() -> str:
            return f"{ctx[left]} {ctx[right]}"

        end = Step("end", last)
        left: Task[str] = Task("left", agent=echo(), prompt=lambda: f"l {ctx[start]}")
        right: Step[str] = Step("right", lambda: f"r {ctx[start]}")
        start: Step[str] = Step("start", lambda: "s")
        return Parallel(end, left, right, start, result=end)

    return flow


def nested_loops() -> Workflow[Any, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[int]:
        number: Step[int] = Step("number", lambda: (ctx.previous(number) or 0) + 1)
        total: Step[int] = Step("total", lambda: (ctx.previous(total) or 0) + ctx[number])
        inner = Loop(number, until=lambda: ctx[number] >= 2, max_iterations=5, id="in")
        outer = Loop(inner, total, until=lambda: ctx[total] >= 4, max_iterations=5, id="out")
        return Sequence(outer, result=total)

    return flow


def exhausted_loop() -> Workflow[Any, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        body = Step("body", lambda: 1)
        return Sequence(
            Loop(body, until=lambda: False, max_iterations=3, on_exhausted="finish"),
            Step("after", lambda: ctx[body]),
        )

    return flow


def branch_in_loop() -> Workflow[Any, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        number: Step[int] = Step("number", lambda: (ctx.previous(number) or 0) + 1)
        odd, even = Step("odd", lambda: "odd"), Step("even", lambda: "even")
        branch = Branch(lambda: ctx[number] % 2 == 1, odd, even)
        seen = Step("seen", lambda: [ctx.get(odd), ctx.get(even), ctx.previous(odd)])
        return Loop(number, branch, seen, until=lambda: ctx[number] == 3, max_iterations=9)

    return flow


def fan_out() -> Workflow[Any, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[list[str]]:
        names = Step("names", lambda: ["a", "b", "c"])

        def each(name: str) -> Node[str]:
            first = Task(f"{name}1", agent=echo(), prompt=name)
            second = Step(f"{name}2", lambda: ctx[first] + name)
            return Sequence(first, second, result=second)

        work = ForEach(lambda: ctx[names], key=str, each=each, limit=2, id="work")
        shown = Step("shown", lambda: ctx[work])
        return Parallel(shown, work, names, result=shown)

    return flow


def fan_out_with_gaps() -> Workflow[Any, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def work(name: str) -> str:
            if name == "b":
                raise ValueError("no b")
            return name

        every = ForEach(
            ["a", "b", "c"],
            key=str,
            each=lambda name: Sequence(Step(name, lambda: work(name)), Step(f"{name}+", lambda: 1)),
            on_failure="continue",
        )
        read = Step("read", lambda: [gap.key for gap in ctx.failures(every)])
        return Sequence(every, read)

    return flow


def fan_out_in_a_loop() -> Workflow[Any, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        number: Step[int] = Step("number", lambda: (ctx.previous(number) or 0) + 1)
        every = ForEach(
            lambda: [f"k{n}" for n in range(ctx[number])],
            key=str,
            each=lambda name: Step(name, lambda: f"{name} of {ctx[number]}"),
            id="every",
        )
        read = Step("read", lambda: ctx[every])
        return Loop(number, every, read, until=lambda: ctx[number] == 3, max_iterations=9)

    return flow


def approvals() -> Workflow[Any, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[str]:
        draft = Task("draft", agent=echo(), prompt="draft")
        ship = Approval("ship", ask=lambda: f"Ship {ctx[draft]}?")
        twice = Loop(
            Approval("again", ask="again?"),
            Step("n", lambda: 1),
            until=_no,
            max_iterations=2,
            on_exhausted="finish",
        )
        done = Step("done", lambda: f"{ctx[ship].by} {ctx[draft]}")
        return Sequence(
            draft, Parallel(ship, Step("meanwhile", lambda: 1)), twice, done, result=done
        )

    return flow


def _no() -> bool:
    return False


def retries() -> Workflow[Any, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[str]:
        def flaky(attempt: Attempt) -> str:
            if attempt.number < 3:
                raise ValueError(f"try {attempt.number}")
            return "at last"

        step = Step("step", flaky, retry=Retry(tries=9, first_s=0.001, jitter=0))
        cut = Scripted(Transient("cut"), "done", name="cut")
        gone = Scripted(Permanent("gone"), name="gone")
        task = Task("task", agent=[gone, cut], prompt="p", retry=SOON)
        return Sequence(step, task, result=task)

    return flow


def failures() -> Workflow[Any, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        async def boom() -> str:
            raise ValueError("no")

        tolerated = Step("tolerated", boom, on_failure="continue")
        needs = Step("needs", lambda: 1, needs=[tolerated], on_failure="continue")
        reads = Step("reads", lambda: ctx[tolerated], on_failure="continue")
        skipped = Task("skipped", agent=echo(), prompt="p", skip_if=lambda: True)
        return Sequence(
            tolerated, Parallel(needs, reads), skipped, Step("boom", boom), Step("x", _no)
        )

    return flow


def structure_from_state() -> Workflow[Any, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        plan = Step("plan", lambda: ["x", "y"])
        steps = ctx.get(plan) or []

        def step(name: str) -> Step[str]:
            return Step(name, lambda: name)

        return Sequence(
            plan,
            *(Branch(lambda: True, step(name), id=f"branch {name}") for name in steps),
            Step("end", lambda: 1) if steps else None,
        )

    return flow


def deferred_steps() -> Workflow[Any, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def one() -> str:
            return f"{ctx[second]} {ctx[third]}"

        first = Step("first", one)
        second: Step[str] = Step("second", lambda: f"2 {ctx[third]}")
        third: Step[str] = Step("third", lambda: "3")
        return Parallel(first, second, third, limit=2)

    return flow


def tree_of_everything() -> Workflow[Any, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        names = Task("names", agent=Scripted('["p", "q"]'), output=list[str], prompt="names")

        def each(name: str) -> Node[str]:
            draft: Task[str] = Task(
                f"draft {name}",
                agent=echo(),
                prompt=lambda: f"{name} after {ctx.previous(draft)}",
            )
            ok = Approval(f"ok {name}", ask=lambda: ctx[draft])
            loop = Loop(
                draft,
                Branch(lambda: ctx.previous(draft) is not None, ok),
                until=lambda: ctx.get(ok) is not None,
                max_iterations=4,
                id=f"loop {name}",
            )
            return Sequence(loop, result=draft)

        every = ForEach(lambda: ctx[names], key=str, each=each, id="every")
        return Sequence(names, every, Step("end", lambda: ctx[every]))

    return flow


def sessions() -> Workflow[Any, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[str]:
        agent, cut = Scripted("done", forks=True), Scripted(Transient("cut"), "done", forks=True)
        read = Task("read", agent=agent, prompt="read")
        parts = ForEach(
            ["a", "b"], key=str, each=lambda part: Task(part, agent=agent, prompt=part, forks=read)
        )
        again = Task("again", agent=cut, prompt="again", retry=SOON, continues=read)
        last = Task("last", agent=agent, prompt="last", forks=again)
        return Sequence(read, parts, again, last, result=last)

    return flow


@pytest.mark.parametrize(
    "make",
    [
        sequence,
        data_flow,
        nested_loops,
        exhausted_loop,
        branch_in_loop,
        fan_out,
        fan_out_with_gaps,
        fan_out_in_a_loop,
        approvals,
        retries,
        structure_from_state,
        deferred_steps,
        sessions,
        tree_of_everything,
    ],
)
def test_a_crash_at_any_frame_boundary_ends_the_same_and_repeats_nothing(make: Make) -> None:
    assert check_every_crash(make).run_status == "finished"


def test_a_run_that_fails_fails_the_same_after_any_crash() -> None:
    assert check_every_crash(failures).run_status == "failed"


def test_a_run_that_crashes_after_every_third_frame_ends_the_same() -> None:
    from tests.rules.resuming import approves_all, crashed, finish, same

    for make in (sequence, nested_loops, fan_out, approvals, tree_of_everything):
        whole = Run(make())
        finish(whole)
        run = crashed(whole, 1, make())
        for _ in range(300):
            if run.go_frames(3) in ("finished", "failed"):
                break
            if run.state.run_status == "waiting":
                approves_all(run)
        assert same(run.state) == same(whole.state)
