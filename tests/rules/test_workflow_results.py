"""`@workflow(result=...)` gives a run's output from the context, once the tree has finished."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from smithers import Context, Node, NoInput, Sequence, Step, Workflow, workflow
from smithers.changes import ChoiceMade, Key, ReadMade
from smithers.errors import AuthorError
from tests.rules.resuming import check_every_crash
from tests.rules.runs import Run


class Total(BaseModel):
    sum: int


def flow_of(calls: list[int]) -> Workflow[NoInput, Total]:
    def total(ctx: Context[NoInput]) -> Total:
        calls.append(1)
        return Total(sum=(ctx.get("a", int) or 0) + (ctx.get("b", int) or 0))

    @workflow(result=total)
    def flow(ctx: Context[NoInput]) -> Node:
        return Sequence(Step("a", lambda: 1), Step("b", lambda: 2))

    return flow


def test_it_decides_the_output_and_is_a_row_with_its_reads() -> None:
    calls: list[int] = []
    run = Run(flow_of(calls))
    assert run.go().output == '{"sum":3}'
    assert calls == [1]
    changes = [change for frame in run.watch.frames for change in frame.changes]
    (chosen,) = [one for one in changes if isinstance(one, ChoiceMade)]
    assert (chosen.key, chosen.value) == (Key(""), '{"type":null,"value":{"sum":3}}')
    read = [one for one in changes if isinstance(one, ReadMade) and one.reader == Key("")]
    assert {one.source.id for one in read} == {"a", "b"}
    assert run.go().output == '{"sum":3}'
    assert calls == [1], "another owner of the run reads the row"


def test_a_crash_at_any_frame_ends_the_same() -> None:
    state = check_every_crash(lambda: flow_of([]))
    assert state.status.output == '{"sum":3}'


def test_one_that_raises_fails_the_run_at_its_line_and_a_resume_calls_it_again() -> None:
    calls: list[int] = []

    def total(ctx: Context[NoInput]) -> float:
        calls.append(1)
        return 1 / (len(calls) - 1)

    @workflow(result=total)
    def flow(ctx: Context[NoInput]) -> Node:
        return Sequence(Step("a", lambda: 1))

    run = Run(flow)
    status = run.go()
    assert (status.status, status.output) == ("failed", None)
    assert status.error is not None
    assert status.error.message.startswith("the result of workflow flow failed: ZeroDivisionError")
    assert (status.error.place or "").startswith(__file__)
    assert run.go().output == "1.0"
    assert run.starts == ["a#1"]


def test_a_read_of_what_is_not_in_the_tree_is_the_authors_error() -> None:
    @workflow(result=lambda ctx: ctx.get("nowhere", str))
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return Sequence(Step("a", lambda: 1))

    status = Run(flow).go()
    assert status.error is not None
    assert "'nowhere'" in status.error.message


def test_a_run_that_fails_has_no_result() -> None:
    calls: list[int] = []

    def told(ctx: Context[NoInput]) -> int:
        calls.append(1)
        return 1

    @workflow(result=told)
    def flow(ctx: Context[NoInput]) -> Node:
        return Sequence(Step("a", lambda: 1 / 0))

    assert Run(flow).go().status == "failed"
    assert not calls


def test_it_takes_the_context() -> None:
    decorate: Any = workflow
    with pytest.raises(AuthorError, match="must take one argument, the context"):
        decorate(result=lambda: 1)(flow_of([]).function)
