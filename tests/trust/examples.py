"""One small workflow for each kind of node and each way in which a failure is handled.

Whatever works in one writes a line into the ledger at the end of its work. A new kind needs an
example: `test_every_frame.py` compares them with the names of the kinds.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel

from smithers import (
    Approval,
    Branch,
    Budget,
    Cache,
    Caught,
    Command,
    Compensated,
    Context,
    ContinueAsNew,
    ForEach,
    HumanTask,
    Loop,
    Node,
    NoInput,
    Parallel,
    Rework,
    Saga,
    Sequence,
    Step,
    Subflow,
    Task,
    Timer,
    Try,
    WaitForEvent,
    Workflow,
    workflow,
)
from tests.trust.flow_examples import FLOWS, STOPPED_FLOWS, WAITING_FLOWS
from tests.trust.flows import body
from tests.trust.patterns import PATTERNS
from tests.trust.sentences import SENTENCES
from tests.trust.workers import (
    PROGRAM_LINE,
    Ctx,
    Edit,
    Example,
    Noting,
    boom,
    boom_once,
    step,
)

__all__ = ["EXAMPLES", "FORKED", "KINDS", "flow_of"]


def task(ctx: Ctx) -> Node[str]:
    first = Task("first", agent=Noting("first"), prompt="first")
    second = Task("second", agent=Noting("second"), prompt=lambda: f"second after {ctx[first]}")
    return Sequence(first, second, result=second)


def steps(ctx: Ctx) -> Node[str]:
    first = step("first")
    second = step("second", lambda: ctx[first] + " and second")
    return Sequence(first, second, result=second)


def effect(ctx: Ctx) -> Node[str]:
    charge = Step("charge", body(lambda: "charged"), effect=True)
    ship = step("ship", lambda: f"shipped, {ctx[charge]}")
    return Sequence(charge, ship, result=ship)


def command(ctx: Ctx) -> Node[str]:
    def program(id: str, say: Callable[[], str]) -> Command[str]:
        return Command(
            id, lambda: ["/bin/sh", "-c", f"{PROGRAM_LINE}; echo {say()}", "sh", id], output=str
        )

    first = program("first", lambda: "one")
    second = program("second", lambda: f"{ctx[first].strip()} two")
    return Sequence(first, second, result=second)


def approval(ctx: Ctx) -> Node[str]:
    draft = step("draft")
    ok = Approval("ok", ask=lambda: f"{ctx[draft]}?")
    ship = step("ship", lambda: f"{ctx[draft]} for {ctx[ok].by}")
    return Sequence(draft, ok, ship, result=ship)


def human(ctx: Ctx) -> Node[str]:
    draft = step("draft")
    colour = HumanTask(
        "colour",
        ask=lambda: f"{ctx[draft]}?",
        choices=lambda: ["blue", ctx[draft]],
        on_deny=Rework(draft),
    )
    ship = step("ship", lambda: f"{ctx[draft]} in {ctx[colour]}, {ctx.note(colour)}")
    return Sequence(draft, colour, ship, result=ship)


def timer(ctx: Ctx) -> Node[str]:
    """One that is short, one that is over at once, and work beside them and after."""
    draft = step("draft")
    soon = Timer("soon", seconds=0.2)
    over = Timer("over", until=lambda: datetime(len(ctx[draft]) + 2000, 1, 2, 9, tzinfo=UTC))
    later = Timer("later", until=lambda now: now + timedelta(seconds=0.1))
    beside = step("beside")
    ship = step("ship", lambda: f"{ctx[over]:%d %H:%M} {(ctx[soon] > ctx[over])!s}")
    return Sequence(draft, Parallel(soon, over, later, beside), ship, result=ship)


def events(ctx: Ctx) -> Node[str]:
    """A loop of waits, and one after it whose signal comes before all others."""
    number = WaitForEvent("number", event="number", output=int)
    seen: Step[str] = step("seen", lambda: f"{ctx.previous(seen) or ''}{ctx[number]}")
    many = Loop(number, seen, until=lambda: ctx[number] == 2, max_iterations=4, result=seen, id="n")
    late = WaitForEvent("late", event="late", output=str, correlation=lambda: ctx[many])
    ship = step("ship", lambda: f"{ctx[many]} {ctx[late]}")
    return Sequence(many, late, ship, result=ship)


def rework(ctx: Ctx) -> Node[str]:
    """What is sent back by a person, and by a check, with a fan-out over it and work beside it."""
    plan, other = step("plan"), step("other")
    draft = Task("draft", agent=Noting("draft"), prompt=lambda: f"{ctx[plan]}, drafted")
    check = Step(
        "check", boom_once, needs=[draft], on_failure=Rework(draft), retry=None, output=str
    )
    each = ForEach(
        lambda: [ctx[draft]],
        key=lambda draft: "part",
        each=lambda draft: step("part", lambda: draft),
        id="parts",
    )
    ok = Approval("ok", ask=lambda: f"{ctx[draft]}?", on_deny=Rework(draft))
    ship = step("ship", lambda: f"{ctx[each]} for {ctx[ok].by}, {ctx.note(ok)}")
    return Sequence(plan, Parallel(other, Sequence(draft, check, each)), ok, ship, result=ship)


def sequence(ctx: Ctx) -> Node[str]:
    first, second = step("first"), step("second")
    return Sequence(first, second, result=lambda: f"{ctx[first]}, {ctx[second]}", id="both")


def parallel(ctx: Ctx) -> Node[str]:
    every = [step(f"part {number}") for number in range(3)]
    return Parallel(*every, result=lambda: ", ".join(ctx[one] for one in every), id="parts")


def branch(ctx: Ctx) -> Node[str]:
    test = step("test", lambda: "yes")
    arms = Branch(lambda: ctx[test] == "yes", step("then"), step("otherwise"), id="arms")
    return Sequence(test, arms, result=arms)


def loop(ctx: Ctx) -> Node[str]:
    number: Step[str] = step("number", lambda: (ctx.previous(number) or "") + "i")
    return Loop(
        number, until=lambda: len(ctx[number]) == 3, max_iterations=9, id="loop", result=number
    )


def loop_without_progress(ctx: Ctx) -> Node[str]:
    bugs: Step[str] = step("bugs", lambda: (ctx.previous(bugs) or "bbbbb")[:-1] or "b")
    return Loop(
        bugs,
        until=lambda: ctx[bugs] == "",
        max_iterations=9,
        stop_if_same=lambda: ctx[bugs][:3],
        on_exhausted="finish",
        result=bugs,
        id="loop",
    )


def foreach(ctx: Ctx) -> Node[list[str]]:
    names = step("names", lambda: "a b c")

    def each(name: str) -> Node[str]:
        first = step(f"{name} first")
        second = step(f"{name} second", lambda: ctx[first] + "!")
        return Sequence(first, second, result=second)

    work = ForEach(lambda: ctx[names].split(), key=str, each=each, limit=2, id="work")
    return Sequence(names, work, result=work)


def catch(ctx: Ctx) -> Node[str]:
    report = step("report")
    tried = Try(step("before"), Step("boom", boom), step("never"), catch=report, id="tried")
    return Sequence(tried, result=report)


def catch_by_function(ctx: Ctx) -> Node[str]:
    def report(caught: Caught) -> Node[str]:
        first = step("report", lambda: f"{caught.key}: {caught.error.message}")
        return Sequence(first, step("more"), result=first)

    tried = Try(step("before"), Step("boom", boom), catch=report, id="tried")
    read = step("read", lambda: f"after {ctx.get('report', str)}")
    return Sequence(tried, read, result=read)


def clean_up(ctx: Ctx) -> Node[str]:
    clean = Sequence(step("clean"), step("clean more"))
    work = step("work")
    inner = Try(work, Step("boom", boom), finally_=clean, id="inner")
    caught = step("caught")
    return Sequence(Try(inner, catch=caught, finally_=step("after"), id="tried"), result=caught)


def cancel(ctx: Ctx) -> Node[str]:
    clean = Sequence(step("clean"), step("clean more"))
    work, ok = step("work"), Approval("ok", ask="Go on?")
    return Sequence(Try(work, ok, step("never"), finally_=clean, id="tried"), result=work)


def tolerated(ctx: Ctx) -> Node[str]:
    one = Step("one", boom, on_failure="continue")
    group = Parallel(step("left"), Step("two", boom), on_failure="continue", id="group")
    told = step("told", lambda: f"{ctx.state(one)}, {ctx.state(group)}, {ctx.error('two')}")
    return Sequence(one, group, told, result=told)


def budget(ctx: Ctx) -> Node[str]:
    looks = [Task(f"look {n}", agent=Noting(f"look {n}"), prompt=f"look {n}") for n in range(3)]
    told = step("told", lambda: f"{[ctx.get(look) is not None for look in looks]}")
    capped = Budget(tokens=4, on_exhausted="finish")
    return Sequence(*looks, told, result=told, budget=capped)


def saga(ctx: Ctx) -> Node[str]:
    """Undone since it fails; an action in it is never repeated without a person's decision."""
    one, three = step("one"), step("three")
    two = Step("two", body(lambda: "two done"), effect=True)
    undone = Saga(
        Compensated(one, step("undo one", lambda: f"no {ctx[one]}")),
        Compensated(two, step("undo two", lambda: f"no {ctx[two]}")),
        Parallel(Compensated(three, step("undo three", lambda: f"no {ctx[three]}"))),
        Step("boom", boom),
        on_failure="continue",
        id="saga",
    )
    told = step("told", lambda: f"{ctx.state('undo one')}")
    return Sequence(undone, told, result=told)


def saga_that_is_cancelled(ctx: Ctx) -> Node[str]:
    one, two = step("one"), step("two")
    ok = Approval("ok", ask="Go on?")
    compensated = [Compensated(node, step(f"undo {node.id}")) for node in (one, two)]
    return Sequence(Saga(*compensated, ok, step("never"), id="saga"), result=one)


@workflow
def asking(ctx: Ctx) -> Node[str]:
    first, ok = step("first"), Approval("ok", ask="Go on?")
    second = step("second", lambda: ctx[first] + " and second")
    return Sequence(first, ok, second, result=second)


def subflow(ctx: Ctx) -> Node[str]:
    before, part = step("before"), Subflow("part", asking)
    after = step("after", lambda: ctx[part] + " and after")
    return Sequence(before, part, after, result=after)


@workflow
def two_steps(ctx: Ctx) -> Node[str]:
    first = step("first")
    return Sequence(first, step("second", lambda: ctx[first]), result=first)


def subflows(ctx: Ctx) -> Node[list[str]]:
    """Child runs inside of a loop inside of a fan-out."""

    def each(name: str) -> Node[str]:
        number: Step[str] = step(f"{name} number", lambda: (ctx.previous(number) or "") + "i")
        part = Subflow(f"{name} part", two_steps)
        many = Loop(
            Sequence(number, part),
            until=lambda: len(ctx[number]) == 2,
            max_iterations=3,
            id=f"{name} loop",
            result=part,
        )
        return Sequence(many, result=many)

    return ForEach(["a", "b"], key=str, each=each, id="every")


class Round(BaseModel):
    number: int = 1


@workflow(input=Round)
def rounds(ctx: Context[Round]) -> Node:
    number = ctx.input.number
    worked = step(f"round {number}")
    if number == 3:
        return Sequence(worked, result=worked)
    return Sequence(worked, ContinueAsNew(lambda: Round(number=number + 1)))


def continued(ctx: Ctx) -> Node:
    """A child run that continues as others: the ledger has the steps of all."""
    part = Subflow("part", rounds, input=Round())
    return Sequence(part, result=part)


def mixed(ctx: Ctx) -> Node[list[str]]:
    """Failures that are handled, inside of what repeats."""

    def each(name: str) -> Node[str]:
        number: Step[str] = step(f"{name} number", lambda: (ctx.previous(number) or "") + "i")
        fails = Step(f"{name} fails", boom)
        tried = Try(fails, catch=step(f"{name} caught"), finally_=step(f"{name} cleaned"))
        loop = Loop(
            number,
            tried,
            until=lambda: len(ctx[number]) == 2,
            max_iterations=3,
            id=f"{name} loop",
            result=number,
        )
        return Sequence(loop, result=loop)

    return ForEach(["a", "b"], key=str, each=each, id="every")


def cached(ctx: Ctx) -> Node[str]:
    """The second asks what the first has been asked, so it asks nobody."""
    agent = Noting("first")
    first = Task("first", agent=agent, prompt="first", cache=Cache())
    second = Task("second", agent=agent, prompt=lambda: ctx[first], cache=Cache())
    third = step("third", lambda: f"third after {ctx[second]}")
    return Sequence(first, second, third, result=third)


def machine_pool() -> str:
    """The pool of the machine that the runs of one ledger share."""
    return os.environ.get("LEDGER", "machine")


def pooled(ctx: Ctx) -> Node[str]:
    """Two pools of one slot, one of them of the machine: nothing of a pool runs at once."""

    def made(id: str, pool: str, priority: int = 0) -> Step[str]:
        return Step(id, body(lambda: f"{id} done"), pool=pool, priority=priority)

    machine = machine_pool()
    group = Parallel(
        made("a1", "one"),
        made("b1", machine),
        made("a2", "one", priority=1),
        made("b2", machine, priority=1),
    )
    end = made("a3", "one")
    return Sequence(group, end, result=end)


def parts(ctx: Ctx) -> Node[str]:
    """What comes next is decided by what was before, three times."""

    def after(before: Step[str]) -> Callable[[], Node | None]:
        def next_part() -> Node | None:
            done = ctx[before]
            if len(done) == 4:
                return None
            following = step(f"part {len(done)}", lambda: f"{done}+")
            return Sequence(following, then=after(following))

        return next_part

    first = step("part 0", lambda: "+")
    return Sequence(first, then=after(first), result=first, id="parts")


KINDS: dict[str, Example] = (
    {
        one.__name__: Example(make=one)
        for one in (
            *(task, steps, effect, command, approval, sequence, parts, parallel, branch),
            *(loop, loop_without_progress, foreach, catch, catch_by_function, clean_up),
            *(tolerated, saga, budget, subflow, subflows, continued, mixed, cached, pooled),
            *FLOWS,
        )
    }
    | {
        one.__name__: Example(make=one, ends="cancelled", asked="cancel")
        for one in (cancel, saga_that_is_cancelled, *STOPPED_FLOWS)
    }
    | {timer.__name__: Example(make=timer, varies=("soon", "later"))}
    | {one.__name__: Example(make=one, asked="send") for one in (events, *WAITING_FLOWS)}
    | {one.__name__: Example(make=one, asked="deny") for one in (human, rework)}
)


FORKED = KINDS | SENTENCES
EXAMPLES = FORKED | PATTERNS


def flow_of(name: str, edit: Edit) -> Workflow[NoInput, str]:
    """An example with what reads it at its end, as it is after an edit."""

    def flow(ctx: Ctx) -> Node[str]:
        example = EXAMPLES[name].make(ctx)
        last = step("last", lambda: str(ctx.get(example)))
        return Sequence(
            step("new first") if edit == "prepend" else None,
            example,
            step("new middle") if edit == "insert" else None,
            last,
            step("new last") if edit == "append" else None,
            result=last,
        )

    return workflow(max_concurrency=2, pools={"one": 1, "agents": 2})(flow)
