"""An edit that makes another kind of node of a task, under the id that it had."""

from __future__ import annotations

from typing import Any

import pytest

from smithers import Approval, Context, Node, NoInput, Sequence, Step, Workflow, workflow
from smithers.errors import AuthorError
from tests.rules.runs import Run


def gated(*, by_a_person: bool) -> Workflow[NoInput, Any]:
    @workflow(name="flow")
    def flow(ctx: Context[NoInput]) -> Node:
        middle: Node = Approval("gate", ask="?") if by_a_person else Step("gate", lambda: "x")
        return Sequence(middle, Step("after", lambda: "done"))

    return flow


def test_a_question_that_is_open_does_not_become_a_step_by_an_edit() -> None:
    run = Run(gated(by_a_person=True))
    assert run.go().status == "waiting"
    run.workflow, run.edited = gated(by_a_person=False), True
    with pytest.raises(AuthorError, match="'gate' started as an approval and is now a step"):
        run.go()


def test_an_edit_that_leaves_the_approval_as_it_is_leaves_its_wait() -> None:
    run = Run(gated(by_a_person=True))
    assert run.go().status == "waiting"
    run.edited = True
    assert run.go().status == "waiting"
    run.answer("gate")
    assert run.go().status == "finished"
