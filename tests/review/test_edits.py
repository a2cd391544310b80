"""An edited workflow resumes each time, not only the first time after its edit."""

from __future__ import annotations

from typing import Any

from smithers import (
    Approval,
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
from smithers.errors import Transient
from tests.rules.agents import Scripted
from tests.rules.runs import Clock, Run


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


def retrying(*, in_a_loop: bool) -> Workflow[NoInput, Any]:
    @workflow(name="flow")
    def flow(ctx: Context[NoInput]) -> Node:
        agent = Scripted(Transient("cut"))
        retry = Retry(tries=9, first_s=100, max_s=100, jitter=0)
        task = Task("task", agent=agent, prompt="p", retry=retry)
        looped = Loop(task, until=lambda: True, max_iterations=2, id="loop")
        return Parallel(looped if in_a_loop else task, Approval("ok", ask="?"))

    return flow


def test_a_wait_of_an_iteration_that_an_edit_took_away_keeps_no_owner_up() -> None:
    clock = Clock()
    run = Run(retrying(in_a_loop=True), now=clock, linger_s=5)
    assert run.go().status == "waiting"
    run.workflow, run.edited = retrying(in_a_loop=False), True
    clock.pass_s(500)
    assert run.go(within_s=5).status == "waiting"
