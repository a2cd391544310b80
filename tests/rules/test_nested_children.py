"""A workflow that starts itself ends: child runs go so many levels deep and no further."""

from __future__ import annotations

from pydantic import BaseModel

from harnesses import Echo
from smithers import Context, Node, NoInput, Sequence, Subflow, Task, Workflow, workflow
from tests.rules.runs import Run
from tests.rules.test_subflows import child, ids


class Depth(BaseModel):
    left: int


def test_a_workflow_that_starts_itself_without_end_fails_with_place_and_fix() -> None:
    @workflow
    def endless(ctx: Context[NoInput]) -> Node:
        return Sequence(Subflow("r", again[0]), Task("t", agent=Echo(), prompt="p"))

    again: list[Workflow[NoInput, object]] = [endless]
    run = Run(endless)
    error = run.go().error
    assert error is not None
    assert error.kind == "TooManyLevels"
    assert error.message.startswith("child runs may be 32 levels below the run that was started")
    assert error.message.endswith("would be at level 33")
    assert error.place is not None
    assert "test_nested_children.py" in error.place
    assert "let its input say" in error.hint
    found = ids(run)
    assert len(found) == 33
    assert {child(run, id).run_status for id in found} == {"failed"}
    assert not any(child(run, id).usage.calls for id in found)


def test_a_workflow_may_start_itself_as_deep_as_that() -> None:
    @workflow(input=Depth)
    def down(ctx: Context[Depth]) -> Node:
        task = Task("t", agent=Echo(), prompt="p")
        left = ctx.input.left
        below = Subflow("r", again[0], input=Depth(left=left - 1)) if left else None
        return Sequence(task, below)

    again: list[Workflow[Depth, object]] = [down]
    run = Run(down, input='{"left":32}')
    assert run.go().status == "finished"
    assert len(ids(run)) == 33
    assert run.state.usage.tokens_in == 33
