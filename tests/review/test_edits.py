"""An edited workflow resumes each time, not only the first time after its edit."""

from __future__ import annotations

from typing import Any

from smithers import Approval, Context, ForEach, Node, NoInput, Sequence, Step, Workflow, workflow
from tests.rules.runs import Run


def fanning(items: list[str]) -> Workflow[NoInput, Any]:
    @workflow(name="flow")
    def flow(ctx: Context[NoInput]) -> Node:
        def each(item: str) -> Node:
            return Step(f"step {item}", lambda: item)

        fan = ForEach(lambda: items, key=str, each=each, id="fan")
        return Sequence(fan, Approval("first", ask="?"), Approval("second", ask="?"))

    return flow


def test_a_run_resumes_again_after_a_resume_that_found_other_items_by_an_edit() -> None:
    run = Run(fanning(["a", "b"]))
    assert run.go().status == "waiting"
    run.workflow, run.edited = fanning(["a"]), True
    run.answer("first")
    assert run.go().status == "waiting"
    run.answer("second")
    assert run.go().status == "finished"
