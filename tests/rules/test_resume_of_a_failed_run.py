"""DESIGN 6, Resume, by state: a failed run runs again what failed, and repeats nothing finished."""

from __future__ import annotations

from typing import Any

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
from smithers.changes import Key, Reset
from smithers.errors import Permanent
from tests.rules.agents import Scripted
from tests.rules.runs import Run


class Switch:
    """A function of a step that fails until it is mended."""

    def __init__(self) -> None:
        self.broken = True
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.broken:
            raise ValueError("broken")
        return "mended"


def resets(run: Run) -> set[str]:
    return {
        str(change.key)
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, Reset)
    }


def test_what_failed_and_what_was_cancelled_runs_again_and_nothing_finished() -> None:
    switch = Switch()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: 1)
        bad = Step("bad", lambda: switch())
        return Sequence(first, Parallel(bad, Step("beside", lambda: 2)), Step("after", lambda: 3))

    run = Run(flow)
    assert run.go().status == "failed"
    assert run.outcome("after") == "cancelled"
    assert run.go().status == "failed"
    switch.broken = False
    assert run.go().status == "finished"
    assert run.starts == ["first#1", "bad#1", "beside#1", "bad#2", "bad#3", "after#1"]


def test_an_agent_that_was_out_is_tried_again() -> None:
    agent = Scripted(Permanent("gone"), "done")

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Task("task", agent=agent, prompt="p")

    run = Run(flow)
    assert run.go().status == "failed"
    assert run.go().status == "finished"


def test_a_decided_approval_stays_decided() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Sequence(Approval("ok", ask="ok?"), Step("after", lambda: 1))

    run = Run(flow)
    run.go()
    run.answer("ok", approved=False)
    assert run.go().status == "failed"
    assert run.go().status == "failed"
    assert not run.state.waits
    assert "after#1" not in run.starts


def test_an_approval_that_was_cancelled_is_asked_anew() -> None:
    switch = Switch()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(Approval("ok", ask="ok?"), Step("bad", lambda: switch()))

    run = Run(flow)
    assert run.go().status == "failed"
    assert run.outcome("ok") == "cancelled"
    switch.broken = False
    assert run.go().status == "waiting"
    run.answer("ok")
    assert run.go().status == "finished"


def test_a_test_that_raised_is_asked_again_and_one_that_chose_is_not() -> None:
    switch, asked = Switch(), list[int]()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def chose() -> bool:
            asked.append(1)
            return True

        first = Branch(chose, Step("a", lambda: 1), id="first")
        return Sequence(first, Branch(lambda: bool(switch()), Step("b", lambda: 1), id="second"))

    run = Run(flow)
    assert run.go().status == "failed"
    switch.broken = False
    assert run.go().status == "finished"
    assert asked == [1]
    assert run.outcome("b") == "finished"


def test_an_iteration_that_failed_runs_again_and_those_before_do_not() -> None:
    switch = Switch()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        number: Step[int] = Step("number", lambda: (ctx.previous(number) or 0) + 1)
        bad = Step("bad", lambda: switch() if ctx[number] == 2 else "fine")
        return Loop(number, bad, until=lambda: ctx[number] == 3, max_iterations=9)

    run = Run(flow)
    assert run.go().status == "failed"
    switch.broken = False
    assert run.go().status == "finished"
    assert [start for start in run.starts if start.startswith("number")] == [
        "number[0]#1",
        "number[1]#1",
        "number[2]#1",
    ]
    assert "bad[1]#2" in run.starts


def exhausting(bound: int) -> Workflow[Any, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        number: Step[int] = Step("number", lambda: (ctx.previous(number) or 0) + 1)
        loop = Loop(
            number,
            until=lambda: ctx[number] == 4,
            max_iterations=bound,
            on_exhausted="fail",
            id="loop",
        )
        return Sequence(loop, Sequence(Step("after", lambda: 1)))

    return flow


def test_an_exhausted_loop_goes_on_only_if_its_bound_was_raised() -> None:
    run = Run(exhausting(2))
    assert run.go().status == "failed"
    assert run.go().status == "failed"
    assert run.starts == ["number[0]#1", "number[1]#1"]
    run.workflow, run.edited = exhausting(5), True
    assert run.go().status == "finished"
    assert run.starts[2:] == ["number[2]#1", "number[3]#1", "after#1"]


def test_the_bound_of_an_inner_loop_counts_its_own_iterations() -> None:
    def two(bound: int) -> Workflow[Any, Any]:
        @workflow
        def flow(ctx: Context[NoInput]) -> Node:
            round_: Step[int] = Step("round", lambda: (ctx.previous(round_) or 0) + 1)
            body = Step("body", lambda: 1)
            loop = Loop(
                body,
                until=lambda: ctx[round_] == 1,
                max_iterations=bound,
                on_exhausted="fail",
                id="in",
            )
            return Loop(round_, loop, until=lambda: ctx[round_] == 2, max_iterations=3, id="out")

        return flow

    run = Run(two(2))
    assert run.go().status == "failed"
    # One iteration of the first round, two of the second: three in all, and the bound is now three.
    run.workflow, run.edited = two(3), True
    assert run.go().status == "failed"
    assert run.starts[-1] == "body[1][2]#1"


def test_failures_that_are_tolerated_stay_as_they_are() -> None:
    switch, other = Switch(), Switch()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        every = ForEach(
            ["a", "b"],
            key=str,
            each=lambda name: Step(name, lambda: switch() if name == "a" else name),
            on_failure="continue",
        )
        tolerated = Step("tolerated", lambda: switch(), on_failure="continue")
        return Sequence(every, tolerated, Step("bad", lambda: other()))

    run = Run(flow)
    assert run.go().status == "failed"
    switch.broken = other.broken = False
    assert run.go().status == "finished"
    assert run.starts == ["a#1", "b#1", "tolerated#1", "bad#1", "bad#2"]


def test_an_item_that_failed_runs_again() -> None:
    switch = Switch()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        names = Step("names", lambda: ["a", "b"])
        every = ForEach(
            lambda: ctx[names],
            key=str,
            each=lambda name: Sequence(
                Step(name, lambda: switch() if name == "b" else name), Step(f"{name}2", lambda: 1)
            ),
            id="every",
        )
        return Sequence(names, every)

    run = Run(flow)
    assert run.go().status == "failed"
    switch.broken = False
    assert run.go().status == "finished"
    assert run.starts.count("a#1") == run.starts.count("b#2") == 1
    assert "a#2" not in run.starts
    assert run.outcome("b2") == "finished"


def test_items_that_raised_are_asked_again() -> None:
    switch = Switch()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return ForEach(
            lambda: [switch()], key=str, each=lambda name: Step(name, lambda: 1), id="every"
        )

    run = Run(flow)
    assert run.go().status == "failed"
    switch.broken = False
    assert run.go().status == "finished"
    assert run.starts == ["mended#1"]


def test_whoever_needed_what_failed_runs_again_too() -> None:
    switch = Switch()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        bad = Step("bad", lambda: switch())
        return Parallel(bad, Step("reads", lambda: ctx[bad]), Step("needs", lambda: 1, needs=[bad]))

    run = Run(flow)
    assert run.go().status == "failed"
    switch.broken = False
    assert run.go().status == "finished"
    assert run.output("reads") == '"mended"'
    assert run.outcome("needs") == "finished"


def test_a_run_that_was_too_late_goes_on_only_in_its_time() -> None:
    from tests.rules.runs import Clock

    clock = Clock()

    @workflow(deadline_s=100)
    def flow(ctx: Context[NoInput]) -> Node:
        return Approval("ok", ask="ok?")

    run = Run(flow, now=clock)
    run.go()
    clock.pass_s(200)
    assert run.go().status == "failed"
    assert run.go().status == "failed"
    error = run.state.status.error
    assert error is not None
    assert error.kind == "DeadlineExceeded"


def test_a_crash_behind_the_reset_loses_nothing() -> None:
    from tests.rules.resuming import crashed

    switch = Switch()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: 1)
        return Sequence(first, Step("bad", lambda: switch()), Step("after", lambda: 3))

    run = Run(flow)
    assert run.go().status == "failed"
    failed_at = len(run.watch.frames)
    switch.broken = False
    assert run.go().status == "finished"
    assert resets(run) == {"bad", "after"}
    for k in range(failed_at, len(run.watch.frames)):
        again = crashed(run, k)
        assert again.go().status == "finished"
        assert again.outcome("after") == "finished"
        assert again.state.ended[Key("first")] == run.state.ended[Key("first")]
