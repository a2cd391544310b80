"""DESIGN 3: what the primitives give together, and what a wrong workflow is told."""

from __future__ import annotations

from itertools import count
from typing import Any, cast

import pytest
from pydantic import BaseModel

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
    workflow,
)
from smithers.changes import Key
from smithers.errors import AuthorError, Refused
from tests.rules.agents import Scripted
from tests.rules.runs import Run


class Brief(BaseModel):
    topic: str
    size: int = 1


class Plan(BaseModel):
    steps: list[str]


def fails() -> str:
    raise ValueError("no")


def test_loops_nest() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        counter = count(1)
        number = Step("number", lambda: next(counter))
        inner = Loop(number, until=lambda: ctx[number] % 2 == 0, max_iterations=5, id="in")
        middle = Loop(inner, until=lambda: ctx[number] % 4 == 0, max_iterations=5, id="mid")
        return Loop(middle, until=lambda: ctx[number] == 8, max_iterations=5, id="out")

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("number", 1, 1, 1) == "8"
    assert len(run.starts) == 8


def test_a_branch_inside_a_loop_chooses_anew_in_each_iteration() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        counter = count()
        number = Step("number", lambda: next(counter))
        even, odd = Step("even", lambda: "even"), Step("odd", lambda: "odd")
        branch = Branch(lambda: ctx[number] % 2 == 0, even, odd)
        return Loop(number, branch, until=lambda: ctx[number] == 2, max_iterations=5)

    run = Run(flow)
    assert run.go().status == "finished"
    assert [run.outcome("even", n) for n in range(3)] == ["finished", "skipped", "finished"]
    assert [run.outcome("odd", n) for n in range(3)] == ["skipped", "finished", "skipped"]


def test_items_that_arrive_late_and_their_typed_result() -> None:
    agent = Scripted('{"steps": ["a", "b"]}')
    seen: list[list[Plan]] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        plan = Task("plan", agent=agent, output=Plan, prompt="plan")
        work = ForEach(
            lambda: ctx[plan].steps,
            key=str,
            each=lambda step: Step(step, lambda: Plan(steps=[step]), output=Plan),
        )
        return Sequence(plan, work, Step("read", lambda: seen.append(ctx[work])))

    assert Run(flow).go().status == "finished"
    assert seen == [[Plan(steps=["a"]), Plan(steps=["b"])]]


def test_the_miswired_loop_is_an_error() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        review = Step("review", lambda: True)
        draft = Step("draft", lambda: "text")
        loop = Loop(draft, until=lambda: ctx[review], max_iterations=3)
        return Sequence(loop, review)

    run = Run(flow)
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert "circle" in ended.error.message
    assert "review" in ended.error.message


def test_a_loop_whose_until_reads_a_task_in_no_tree_is_an_error() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        review = Step("review", lambda: True)
        return Loop(Step("draft", lambda: 1), until=lambda: ctx[review], max_iterations=3)

    run = Run(flow)
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert "'review'" in ended.error.message
    assert "is not part of the workflow tree" in ended.error.message


def test_children_that_are_none_are_skipped() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Sequence(
            None,
            Parallel(None, Step("a", lambda: 1)),
            Branch(lambda: True, None, Step("b", lambda: 1)),
            Branch(lambda: False, Step("c", lambda: 1)),
            Parallel(None),
            Sequence(),
        )

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.starts == ["a#1"]


def test_the_result_of_a_group_is_the_output_of_the_workflow() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[int]:
        last = Step("last", lambda: 7)
        return Sequence(Step("first", lambda: 1), Parallel(last, result=last), result=last)

    assert Run(flow).go().output == "7"


def test_a_group_can_be_read_by_its_result() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        last = Step("last", lambda: 7)
        group = Sequence(last, result=last)
        return Sequence(group, Step("read", lambda: ctx[group] + 1))

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("read") == "8"


def test_without_a_result_the_output_is_null_and_a_read_of_the_group_is_an_error() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        group = Sequence(Step("last", lambda: 7))
        return Parallel(group, Task("read", agent=Scripted(), prompt=lambda: f"{ctx[group]}"))

    with pytest.raises(AuthorError, match="which has no output"):
        Run(flow).go()

    @workflow
    def other(ctx: Context[NoInput]) -> Node:
        return Sequence(Step("last", lambda: 7))

    assert Run(other).go().output is None


def test_a_result_that_stands_elsewhere_is_an_error_before_anything_runs() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        elsewhere = Step("elsewhere", lambda: 7)
        return Sequence(Step("last", lambda: 7), result=elsewhere)

    run = Run(flow)
    with pytest.raises(AuthorError, match="'elsewhere'") as caught:
        run.go()
    assert caught.value.place is not None
    assert run.watch.frames == []


@pytest.mark.parametrize(("how", "ends"), [("finish", "finished"), ("fail", "failed")])
def test_a_loop_that_is_exhausted_finishes_or_fails(how: Any, ends: str) -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        loop = Loop(
            Step("body", lambda: 1),
            until=lambda: False,
            max_iterations=2,
            on_exhausted=how,
            id="loop",
        )
        return Sequence(loop, Step("after", lambda: 1))

    run = Run(flow)
    ended = run.go()
    assert ended.status == ends
    assert run.starts[:2] == ["body[0]#1", "body[1]#1"]
    assert run.outcome("after") == ("finished" if how == "finish" else "cancelled")
    if how == "fail":
        error = run.state.ended[Key("loop")].error
        assert error is not None
        assert error.kind == "LoopExhausted"
        assert "raise max_iterations" in error.hint


def test_a_loop_of_one_iteration_says_so_in_the_singular() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Loop(Step("body", lambda: 1), until=lambda: False, max_iterations=1, id="loop")

    error = Run(flow).go().error
    assert error is not None
    assert "`until` was not true within 1 iteration" in error.message.splitlines()[0]
    assert "iterations" not in error.message


def test_until_is_asked_even_in_the_last_iteration() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Loop(
            Step("body", lambda: 1), until=lambda: True, max_iterations=1, on_exhausted="fail"
        )

    assert Run(flow).go().status == "finished"


def test_skip_if_skips_and_counts_as_ended_well() -> None:
    agent = Scripted()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        skipped = Task("skipped", agent=agent, prompt="p", skip_if=lambda: True)
        kept = Task("kept", agent=agent, prompt="p", skip_if=lambda: False, needs=[skipped])
        return Parallel(skipped, kept)

    run = Run(flow)
    assert run.go().status == "finished"
    assert (run.outcome("skipped"), run.outcome("kept")) == ("skipped", "finished")
    assert run.starts == ["kept#1"]


def test_skip_if_may_read_and_waits() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        late = Step("late", lambda: True)
        task = Task("task", agent=Scripted(), prompt="p", skip_if=lambda: ctx[late])
        return Parallel(task, late)

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.outcome("task") == "skipped"


def test_needs_order_tasks_and_take_handles_or_ids() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        c = Step("c", lambda: 3)
        b = Step("b", lambda: 2, needs=[c])
        return Parallel(Step("a", lambda: 1, needs=["b"]), b, c)

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.starts == ["c#1", "b#1", "a#1"]


def test_a_need_that_failed_fails_whoever_needs_it() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        bad = Step("bad", fails, on_failure="continue")
        return Parallel(bad, Step("a", lambda: 1, needs=[bad], on_failure="continue"))

    run = Run(flow)
    assert run.go().status == "finished"
    error = run.state.ended[Key("a")].error
    assert error is not None
    assert (error.kind, error.message) == ("NeedFailed", "a needs bad, which failed")


def test_a_circle_of_needs_is_found_before_anything_runs() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Parallel(
            Step("free", lambda: 0),
            Step("a", lambda: 1, needs=["b"]),
            Sequence(Step("b", lambda: 2), Step("c", lambda: 3)),
            Step("d", lambda: 3, needs=["e"]),
            Step("e", lambda: 3, needs=["d"]),
        )

    run = Run(flow)
    with pytest.raises(AuthorError, match="circle") as caught:
        run.go()
    said = str(caught.value)
    assert "'d'" in said
    assert "'e'" in said
    assert run.watch.frames == []


def test_a_need_of_what_stands_after_it_is_a_circle_too() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Sequence(Step("a", lambda: 1, needs=["b"]), Parallel(Step("b", lambda: 2)))

    run = Run(flow)
    with pytest.raises(AuthorError, match="circle"):
        run.go()
    assert run.watch.frames == []


def test_reading_outside_a_callable_says_put_it_in_a_lambda() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        plan = Step("plan", lambda: "text")
        return Sequence(plan, Task("next", agent=Scripted(), prompt=f"of {ctx[plan]}"))

    with pytest.raises(AuthorError) as caught:
        Run(flow).go()
    assert "read it in a lambda" in caught.value.hint
    assert caught.value.place is not None
    assert caught.value.place.file == __file__
    assert caught.value.place.column > 1


def test_a_group_or_fan_out_without_an_id_cannot_be_read_in_a_render() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        every = ForEach(["a"], key=str, each=lambda name: Step(name, lambda: name))
        ctx.get(every)
        return Sequence(every)

    with pytest.raises(AuthorError, match="id"):
        Run(flow).go()


def test_an_output_of_the_wrong_type_names_the_field() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        wrong: Any = lambda: {"steps": "one"}  # noqa: E731
        return Step("plan", wrong, output=Plan)

    run = Run(flow)
    assert run.go().status == "failed"
    error = run.state.ended[Key("plan")].error
    assert error is not None
    assert error.kind == "BadOutput"
    assert "steps: Input should be a valid list" in error.message
    assert "errors.pydantic.dev" not in error.message


def test_a_value_that_is_no_json_needs_a_declared_output() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Step("plan", lambda: object())

    run = Run(flow)
    assert run.go().status == "failed"
    error = run.state.ended[Key("plan")].error
    assert error is not None
    assert "the value is an object, which is not plain JSON: write output=" in error.message


def test_an_input_that_does_not_fit_names_each_field_and_why() -> None:
    @workflow(input=Brief)
    def flow(ctx: Context[Brief]) -> Node:
        return Step("one", lambda: ctx.input.topic)

    with pytest.raises(Refused) as caught:
        Run(flow, '{"size": "big"}').go()
    said = str(caught.value)
    assert "topic: Field required" in said
    assert "size: Input should be a valid integer" in said
    assert Run(flow, '{"topic": "x"}').go().status == "finished"


def test_an_input_of_5_mb_is_taken() -> None:
    import json

    @workflow(input=Brief)
    def flow(ctx: Context[Brief]) -> Node:
        return Step("one", lambda: len(ctx.input.topic))

    run = Run(flow, json.dumps({"topic": "x" * 5_000_000}))
    assert run.go().status == "finished"
    assert run.output("one") == "5000000"


def test_a_workflow_that_raises_is_an_author_error_at_its_line() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        raise KeyError("oh")

    with pytest.raises(AuthorError, match="workflow flow: KeyError") as caught:
        Run(flow).go()
    assert caught.value.place is not None
    assert caught.value.place.file == __file__


def test_a_workflow_that_returns_no_node_is_an_author_error() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return cast("Node", None)

    with pytest.raises(AuthorError, match="workflow flow returned None"):
        Run(flow).go()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Task("t", agent=cast("Any", None), prompt="p"),
        lambda: Task("t", agent=[], prompt="p"),
        lambda: Task("t", agent=[Scripted(), Scripted()], prompt="p"),
        lambda: Task("t", agent=Scripted(), prompt=cast("Any", 7)),
        lambda: Task("t", agent=Scripted(), prompt="p", timeout_s=0),
        lambda: Task("t", agent=Scripted(), prompt="p", timeout_s=cast("Any", "1")),
        lambda: Task("t", agent=Scripted(), prompt="p", on_failure=cast("Any", "ignore")),
        lambda: Task("t", agent=Scripted(), prompt="p", needs=cast("Any", [7])),
        lambda: Task("t", agent=Scripted(), prompt="p", skip_if=cast("Any", True)),
        lambda: Task("t", agent=Scripted(), prompt="p", retry=cast("Any", 3)),
        lambda: Step("s", cast("Any", 7)),
        lambda: Step("s", cast("Any", divmod)),
        lambda: Loop(Step("s", lambda: 1), until=cast("Any", True), max_iterations=1),
        lambda: Loop(Step("s", lambda: 1), until=lambda: True, max_iterations=0),
        lambda: Loop(Step("s", lambda: 1), until=lambda: True, max_iterations=cast("Any", 1.5)),
        lambda: Loop(until=lambda: True, max_iterations=1),
        lambda: Parallel(limit=0),
        lambda: Parallel(limit=cast("Any", 1.5)),
        lambda: Branch(cast("Any", True), None),
        lambda: ForEach(cast("Any", 7), key=str, each=lambda _: Step("s", lambda: 1)),
        lambda: ForEach([1], key=cast("Any", "k"), each=lambda _: Step("s", lambda: 1)),
        lambda: Approval("a", ask=cast("Any", 7)),
        lambda: Approval("a", ask="?", on_deny=cast("Any", "ignore")),
        lambda: Approval("a", ask="?", timeout_s=-1),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_an_author_error_with_its_place(make: Any) -> None:
    with pytest.raises(AuthorError) as caught:
        make()
    assert caught.value.place is not None
    assert caught.value.place.file == __file__


def test_a_test_that_is_neither_true_nor_false_is_an_author_error() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Branch(cast("Any", lambda: "yes"), Step("a", lambda: 1), id="b")

    with pytest.raises(AuthorError, match="the test of b returned 'yes'"):
        Run(flow).go()
