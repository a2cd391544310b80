"""An edit that makes another kind of node of a task, under the id that it had."""

from __future__ import annotations

from typing import Any

from smithers import Approval, Context, Node, NoInput, Sequence, Step, Workflow, workflow
from tests.rules.runs import Run


def gated(*, by_a_person: bool) -> Workflow[NoInput, Any]:
    @workflow(name="flow")
    def flow(ctx: Context[NoInput]) -> Node:
        middle: Node = Approval("gate", ask="?") if by_a_person else Step("gate", lambda: "x")
        return Sequence(middle, Step("after", lambda: "done"))

    return flow


def test_nobody_waits_for_a_person_at_what_is_a_step_by_an_edit() -> None:
    run = Run(gated(by_a_person=True))
    assert run.go().status == "waiting"
    run.workflow, run.edited = gated(by_a_person=False), True
    assert run.go().status == "finished"


def test_an_edit_that_leaves_the_approval_as_it_is_leaves_its_wait() -> None:
    run = Run(gated(by_a_person=True))
    assert run.go().status == "waiting"
    run.edited = True
    assert run.go().status == "waiting"
    run.answer("gate")
    assert run.go().status == "finished"
