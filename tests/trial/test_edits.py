"""An edit that makes another kind of node of a task, under the id that it had."""

from __future__ import annotations

from typing import Any

from smithers import Approval, Context, Node, NoInput, Sequence, Step, Workflow, workflow
from tests.rules.runs import Run


def gated(gate: type[Approval] | type[Step[str]]) -> Workflow[NoInput, Any]:
    @workflow(name="flow")
    def flow(ctx: Context[NoInput]) -> Node:
        middle: Node = Approval("gate", ask="?") if gate is Approval else Step("gate", lambda: "x")
        return Sequence(middle, Step("after", lambda: "done"))

    return flow


def test_nobody_waits_for_a_person_at_what_is_a_step_by_an_edit() -> None:
    run = Run(gated(Approval))
    assert run.go().status == "waiting"
    run.workflow, run.edited = gated(Step), True
    assert run.go().status == "finished"


def test_what_is_an_approval_by_an_edit_while_a_person_was_asked_before_it_asks_once() -> None:
    run = Run(gated(Approval))
    assert run.go().status == "waiting"
    run.edited = True
    assert run.go().status == "waiting"
    run.answer("gate")
    assert run.go().status == "finished"
