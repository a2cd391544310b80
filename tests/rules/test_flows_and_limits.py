"""What a flow meets at a budget, a session, a saga and the end of its run."""

from __future__ import annotations

from pydantic import BaseModel

from smithers import (
    Budget,
    CallFailed,
    Compensated,
    Context,
    ContinueAsNew,
    Flow,
    Node,
    NoInput,
    Saga,
    Step,
    workflow,
)
from smithers import Run as FlowRun
from tests.rules.agents import Scripted
from tests.rules.runs import Run

Nothing = FlowRun[NoInput]


def test_a_flow_that_does_not_catch_a_skipped_call_is_told_what_helps() -> None:
    @workflow(budget=Budget(calls=1, on_exhausted="finish"))
    async def flow(run: Nothing) -> str:
        await run.task("first", agent=Scripted(), prompt="p")
        return await run.task("second", agent=Scripted(), prompt="p")

    ended = Run(flow).go()
    assert ended.status == "failed"
    assert ended.error is not None
    said = "second was skipped: the budget of the run is spent: 1 of 1 call"
    assert ended.error.message == said
    assert "catch CallFailed" in ended.error.hint


def test_a_flow_may_catch_a_skipped_call() -> None:
    @workflow(budget=Budget(calls=1, on_exhausted="finish"))
    async def flow(run: Nothing) -> str:
        await run.task("first", agent=Scripted(), prompt="p")
        try:
            return await run.task("second", agent=Scripted(), prompt="p")
        except CallFailed as skipped:
            state = skipped.state
        return await run.step("rest", lambda: state)

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.outcome("second") == "skipped"
    assert run.output("rest") == '"skipped"'


def test_a_call_that_continues_one_that_is_not_awaited_is_told_to_await_it() -> None:
    @workflow
    async def flow(run: Nothing) -> str:
        await run.step("before", lambda: 1)
        first = run.task("first", agent=Scripted(), prompt="p")
        return await run.task("second", agent=Scripted(), prompt="p", continues=first)

    ended = Run(flow).go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error.message == "second reads 'first', which its flow has not awaited"
    assert "await that call first" in ended.error.hint


class Page(BaseModel):
    number: int = 0


def test_a_flow_that_continues_as_new_ends_first() -> None:
    @workflow(input=Page)
    async def pages(run: FlowRun[Page]) -> str:
        await run.node(ContinueAsNew(Page(number=run.input.number + 1)))
        return await run.step("after", lambda: "ended")

    run = Run(pages)
    assert run.go().status == "continued"
    assert run.starts == ["after#1"]


def test_a_saga_that_has_begun_to_undo_fails_even_if_an_edit_mends_the_flow_in_it() -> None:
    broken, done = [True], list[str]()

    def undo() -> None:
        done.append("undone")
        if broken[0]:
            raise OSError("the undo stops here")

    async def act(run: FlowRun[None]) -> None:
        await run.step("act", lambda: done.append("acted"))
        if broken[0]:
            await run.step("check", lambda: 1 / 0)

    @workflow
    def saga(ctx: Context[NoInput]) -> Node:
        return Saga(Compensated(Flow("rent", act), Step("undo", undo)), id="saga")

    run = Run(saga)
    assert run.go().status == "failed"
    assert done == ["acted", "undone"]
    broken[0], run.edited = False, True
    ended = run.go()
    assert done == ["acted", "undone", "undone"]
    assert ended.status == "failed"
    assert ended.error is not None
    assert "undone: rent" in ended.error.message
