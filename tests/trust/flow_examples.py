"""Small flows, alone and in all kinds of trees, for the tests of each frame.

Whatever works in one writes a line into the ledger at the end of its work.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from smithers import (
    Approval,
    Call,
    CallFailed,
    Context,
    Flow,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Run,
    Sequence,
    Step,
    Subflow,
    Try,
    workflow,
)
from tests.trust.flows import body
from tests.trust.workers import boom

__all__ = ["FLOWS", "STOPPED_FLOWS", "WAITING_FLOWS"]

Ctx = Context[NoInput]


def do(run: Run[Any], id: str, give: Callable[[], str] | None = None) -> Call[str]:
    """A step of a flow."""
    return run.step(id, body(give or (lambda: f"{id} done")))


def joined(*texts: str) -> str:
    return "".join(texts)


async def in_order(run: Run[str]) -> str:
    """Calls one after another, one of which fails and is caught."""
    mode = await run.choose("mode", lambda: "fast")
    drawn, began = run.random(), run.now()
    first = await do(run, "first", lambda: f"{run.input} {mode}")
    try:
        await run.step("bad", boom)
    except CallFailed as error:
        state = error.state
        second = await do(run, "plan b", lambda: f"{first}, {state}")
    else:
        second = await do(run, "plan a")
    number = 0
    while number < 3:
        number += 1
        second = await do(run, f"round {number}", partial(joined, second, str(number)))
    return f"{second} {0 <= drawn < 1} {began <= run.now()} {run.state('bad')}"


def flow_in_order(ctx: Ctx) -> Node[str]:
    before = Step("before", body(lambda: "given"))
    return Sequence(before, Flow("flow", in_order, input=lambda: ctx[before]), result=before)


def flow_with_an_input(ctx: Ctx) -> Node[str]:
    return Flow("flow", in_order, input="given")


async def at_once(run: Run[str]) -> str:
    """Coroutines that share a variable; one fails, which its caller takes as a value."""
    seen: list[str] = []

    async def part(name: str) -> str:
        first = await do(run, f"{name} first")
        seen.append(name)
        if name == "c":
            await run.step(f"{name} bad", boom)
        return await do(run, f"{name} second", lambda: f"{first}!")

    names = ["a", "b", "c", "d"]
    got = await run.gather(*(part(name) for name in names), limit=2, return_exceptions=True)
    pair = await run.gather(do(run, "left"), do(run, "right"))
    order = await do(run, "order", lambda: "".join(sorted(seen)))
    return f"{[str(one) for one in got]} {pair} {order} {run.input}"


def flow_with_gathers(ctx: Ctx) -> Node[str]:
    return Flow("flow", at_once, input="given")


async def two_rounds(run: Run[str]) -> str:
    first = await do(run, "first", lambda: run.input)
    return await do(run, "second", lambda: f"{first}!")


def flow_in_a_loop(ctx: Ctx) -> Node[str]:
    number: Step[str] = Step("number", body(lambda: (ctx.previous(number) or "") + "i"))
    part = Flow("part", two_rounds, input=lambda: ctx[number])
    return Loop(
        Sequence(number, part),
        until=lambda: ctx[part] == "iii!",
        max_iterations=4,
        result=part,
        id="loop",
    )


def flow_in_a_fan_out(ctx: Ctx) -> Node[list[str]]:
    names = Step("names", body(lambda: "a b c"))

    def each(name: str) -> Node[str]:
        own = Step(f"{name} own", body(lambda: name))
        part = Flow(f"{name} part", two_rounds, input=lambda: ctx[own])
        return Sequence(own, part, result=part)

    work = ForEach(lambda: ctx[names].split(), key=str, each=each, limit=2, id="work")
    return Sequence(names, work, result=work)


async def cleaned(run: Run[None]) -> str:
    """Fails by a call, after it has cleaned up."""
    try:
        await do(run, "work")
        await run.step("bad", boom)
        return await do(run, "never")
    finally:
        await do(run, "clean")
        await run.gather(do(run, "clean more"), do(run, "clean most"))


def flow_in_a_try(ctx: Ctx) -> Node[str]:
    report = Step("report", body(lambda: str(ctx.error("part/bad"))))
    last = Step("last of try", body(lambda: "last"))
    tried = Try(Flow("part", cleaned), catch=report, finally_=last, id="tried")
    return Sequence(tried, result=report)


async def waits(run: Run[None]) -> str:
    try:
        return await run.event("signal", event="nobody sends it", output=str)
    finally:
        await do(run, "clean")
        await do(run, "clean more")


def flow_beside_a_failure(ctx: Ctx) -> Node[str]:
    """Stopped by what fails beside it while it waits for a signal; then it cleans up."""
    group = Parallel(Step("beside", boom), Flow("part", waits), id="group")
    caught = Step("caught", body(lambda: "caught"))
    return Sequence(Try(group, catch=caught, id="tried"), result=caught)


@workflow
async def imperative(run: Run[NoInput]) -> str:
    ok = await run.approval("ok", ask="Go on?")
    await run.sleep("pause", seconds=0.05)
    text, number = "", 0
    while len(text) < 3:
        text = await do(run, f"round {number}", partial(joined, text, "i"))
        number += 1
    return f"{text} by {ok.by}"


def flow_as_a_workflow(ctx: Ctx) -> Node[str]:
    part = Subflow("part", imperative)
    return Sequence(part, result=part)


async def nesting(run: Run[None]) -> str:
    """A tree, a flow and another run inside of a flow."""
    one, two = Step("one", body(lambda: "one")), Step("two", body(lambda: "two"))
    both = await run.node(
        Parallel(one, two, result=lambda: f"{run.ctx[one]} {run.ctx[two]}", id="t")
    )
    inner = await run.flow("inner", two_rounds, input=both)
    ok = Approval("sure", ask=lambda: f"{run.ctx[two]}?")
    asked = await run.node(Sequence(ok, result=ok, id="asked"))
    part = await run.subflow("part", two_calls)
    return f"{inner} {asked.by} {part}"


@workflow
async def two_calls(run: Run[NoInput]) -> str:
    first = await do(run, "first")
    return await do(run, "second", lambda: first)


def flow_with_what_is_nested(ctx: Ctx) -> Node[str]:
    return Flow("flow", nesting)


async def receives(run: Run[None]) -> str:
    """A while loop of events."""
    seen, number = "", 0
    while not seen.endswith("2"):
        got = await run.event(f"number {number}", event="number", output=int)
        seen = await do(run, f"seen {number}", partial(joined, seen, str(got)))
        number += 1
    late = await run.event("late", event="late", output=str, correlation=seen)
    return await do(run, "ship", lambda: f"{seen} {late}")


def flow_with_events(ctx: Ctx) -> Node[str]:
    return Flow("flow", receives)


async def asks(run: Run[None]) -> str:
    """Waits for a person, and cleans up when it is cancelled instead."""
    await do(run, "work")
    try:
        await run.approval("ok", ask="Go on?")
        return await do(run, "never")
    finally:
        await do(run, "clean")
        await do(run, "clean more")


def flow_that_is_cancelled(ctx: Ctx) -> Node[str]:
    return Flow("flow", asks)


FLOWS = (
    *(flow_in_order, flow_with_an_input, flow_with_gathers, flow_in_a_loop, flow_in_a_fan_out),
    *(flow_in_a_try, flow_beside_a_failure, flow_as_a_workflow, flow_with_what_is_nested),
)
WAITING_FLOWS = (flow_with_events,)
STOPPED_FLOWS = (flow_that_is_cancelled,)
