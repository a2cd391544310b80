"""`ctx.state` and `ctx.error`: how a node has ended, for whoever reads it."""

from __future__ import annotations

import json
from typing import Any

import pytest

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
    State,
    Step,
    workflow,
)
from smithers.changes import Key, ReadMade
from tests.rules.resuming import check_every_crash
from tests.rules.runs import Run


def boom(said: str = "no") -> Any:
    def fail() -> int:
        raise ValueError(said)

    return fail


def output_of(run: Run) -> Any:
    output = run.state.status.output
    assert output is not None, run.state.status
    return json.loads(output)


def test_a_reader_sees_how_each_node_ended_and_is_failed_by_none_of_them() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[dict[str, tuple[str, str | None]]]:
        good = Step("good", lambda: 1)
        bad = Step("bad", boom("it broke"), on_failure="continue")
        yes, no = Step("yes", lambda: 1), Step("no", lambda: 1)
        arms = Branch(lambda: True, yes, no, id="arms")

        def look() -> dict[str, tuple[str, str | None]]:
            def of(node: Node | str) -> tuple[State, str | None]:
                error = ctx.error(node)
                return ctx.state(node), None if error is None else f"{error}"  # its message

            nodes = [good, bad, no, arms]
            return {**{str(one.id): of(one) for one in nodes}, "by id": of("bad")}

        seen = Step("seen", look)
        return Parallel(good, bad, arms, seen, result=seen)

    run = Run(flow)
    assert run.go().status == "finished"
    assert output_of(run) == {
        "good": ["finished", None],
        "bad": ["failed", "ValueError: it broke"],
        "no": ["skipped", None],
        "arms": ["finished", None],
        "by id": ["failed", "ValueError: it broke"],
    }


def test_a_state_is_a_read_that_waits_and_is_written() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[str]:
        ok = Approval("ok", ask="may it?", on_deny="continue")
        asked = Sequence(ok, Step("after", lambda: 1))
        seen = Step("seen", lambda: ctx.state(asked))
        return Parallel(asked, seen, result=seen)

    run = Run(flow)
    assert run.go().status == "waiting"
    (asked,) = run.state.waits[Key("seen"), "data"].opened.on
    run.answer("ok")
    assert run.go().status == "finished"
    assert output_of(run) == "finished"
    assert run.state.reads[Key("seen")].keys() == {Key(asked)}
    (read,) = [
        change
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, ReadMade) and change.reader == Key("seen")
    ]
    assert read.at == run.state.ends[Key(asked)].frame


@pytest.mark.parametrize("by_id", [False, True])
def test_the_workflow_function_sees_what_is_open_and_renders_again_when_it_ends(
    by_id: bool,
) -> None:
    seen: list[tuple[State, bool]] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        broken = Step("b", boom(), on_failure="continue")
        work = Branch(lambda: True, Sequence(Step("a", lambda: 1), broken), id="work")
        read: Node | str = "work" if by_id else work
        seen.append((ctx.state(read), ctx.error(read) is not None))
        mend = Step("mend", lambda: 1) if ctx.error("b") is not None else None
        return Parallel(work, Sequence(Approval("ok", ask="?"), mend))

    run = Run(flow)
    assert run.go().status == "waiting"
    run.answer("ok")
    assert run.go().status == "finished"
    assert seen[0] == ("open", False)
    assert ("finished", True) in seen
    assert run.outcome("mend") == "finished"


def test_the_error_of_a_container_is_the_one_by_which_it_failed() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[list[str]]:
        group = Parallel(
            Step("allowed", boom("allowed"), on_failure="continue"),
            Sequence(Step("first", boom("first"))),
            Step("second", boom("second")),
        )
        each = ForEach(["x"], key=str, each=lambda _: group, on_failure="continue", id="each")
        tolerant = Sequence(Step("soft", boom("soft"), on_failure="continue"))

        def messages() -> list[str]:
            errors = [ctx.error(group), ctx.error(each), ctx.error(tolerant)]
            return [error.message if error is not None else "none" for error in errors]

        seen = Step("seen", messages)
        return Parallel(each, tolerant, seen, result=seen)

    run = Run(flow)
    assert run.go().status == "finished"
    assert output_of(run) == [f"ValueError: {said}" for said in ("first", "first", "soft")]


def test_a_state_in_a_loop_is_that_of_the_same_iteration() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[str]:
        turns: list[int] = []

        def work() -> int:
            turns.append(1)
            if len(turns) < 3:
                raise ValueError("again")
            return 1

        task = Step("work", work, on_failure="continue")
        loop = Loop(task, until=lambda: ctx.state(task) == "finished", max_iterations=5, id="loop")
        last = Step("last", lambda: ctx.state(task))
        return Sequence(loop, last, result=last)

    run = Run(flow)
    assert run.go().status == "finished"
    assert output_of(run) == "finished"
    assert run.outcome("work", 0) == run.outcome("work", 1) == "failed"
    assert run.outcome("work", 2) == "finished"


def test_states_and_errors_are_the_same_after_a_crash_at_every_frame() -> None:
    def make() -> Any:
        @workflow
        def flow(ctx: Context[NoInput]) -> Node[str]:
            bad = Step("bad", boom(), on_failure="continue")
            group = Sequence(bad)
            pick = Branch(
                lambda: ctx.error(group) is not None, Step("x", lambda: 1), None, id="pick"
            )
            seen = Step("seen", lambda: f"{ctx.state(bad)} {ctx.state(group)} {ctx.state('x')}")
            return Sequence(Approval("ok", ask="?"), group, pick, seen, result=seen)

        return flow

    state = check_every_crash(make)
    assert state.status.output == '"failed finished finished"'


def test_the_state_of_what_left_the_tree_stays_readable() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[str]:
        first = Step("first", lambda: 1)
        keep = ctx.state("first") == "open"
        seen = Step("seen", lambda: ctx.state("first"))
        return Parallel(
            first if keep else None, Sequence(Approval("ok", ask="?"), seen), result=seen
        )

    run = Run(flow)
    assert run.go().status == "waiting"
    run.answer("ok")
    assert run.go().status == "finished"
    assert output_of(run) == "finished"


def test_what_is_in_no_tree_has_no_state() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        other = Step("other", lambda: 1)
        return Step("reader", lambda: ctx.state(other))

    error = Run(flow).go().error
    assert error is not None
    assert "reader reads 'other', written at" in error.message
    assert "not part of the workflow tree" in error.message
