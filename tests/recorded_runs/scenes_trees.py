"""Recorded runs of every shape of tree: containers in each other, items, arms, loops, edits."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from smithers import (
    Approval,
    Branch,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Task,
    workflow,
)
from tests.recorded_runs.driving import Driver, Flow, scene
from tests.rules.agents import HANGS, Scripted

__all__: list[str] = []


class Finding(BaseModel):
    title: str
    lines: list[int]
    cause: str | None = None


class Report(BaseModel):
    findings: list[Finding]
    text: str


def boom() -> str:
    raise ValueError("the bottle broke")


def one(name: str) -> str:
    return f"{name} is done"


def step(name: str, *, fails: bool = False) -> Step[str]:
    return Step(name, boom if fails else lambda: one(name))


@scene
async def three_deep(driver: Driver) -> None:
    """Loops in loops in items, branches in loops, with what each round read."""

    @workflow
    def deep(ctx: Context[NoInput]) -> Node:
        def item(name: str) -> Node:
            inner = step(f"{name} inner")
            last = Step(f"{name} last", lambda: f"{ctx[inner]}, at last")
            rounds = iter([False, True, True])
            again = iter([False, True])
            body = Loop(
                inner, until=lambda: next(rounds, True), max_iterations=3, id=f"{name} loop"
            )
            arm = Branch(lambda: name == "a", last, id=f"{name} arm")
            return Loop(
                body, arm, until=lambda: next(again, True), max_iterations=2, id=f"{name} outer"
            )

        return ForEach(["a", "b"], key=str, each=item, id="each", limit=1)

    await driver.start(deep)


@scene
async def arms(driver: Driver) -> None:
    @workflow
    def arms(ctx: Context[NoInput]) -> Node:
        def wrong() -> bool:
            raise ValueError("no answer")

        yes = Branch(lambda: True, step("yes"), step("not yes"), id="yes?")
        no = Branch(lambda: False, step("not no"), step("no"), id="no?")
        neither = Branch(lambda: False, step("never"), id="neither?")
        empty = Branch(lambda: True, None, step("not empty"), id="empty?")
        below = Branch(lambda: True, Branch(lambda: False, None, step("deep"), id="in?"), id="out?")
        failing = Branch(wrong, step("left"), step("right"), id="fails?")
        return Sequence(yes, no, neither, empty, below, Parallel(failing, step("beside")))

    await driver.start(arms)


def items(on_failure: Literal["finish", "cancel", "continue"]) -> Flow:
    agent = Scripted(HANGS, name="slow")

    @workflow
    def items(ctx: Context[NoInput]) -> Node:
        def item(name: str) -> Node:
            if name == "bad":
                return Sequence(step("bad", fails=True), step("after bad"))
            if name == "slow" and on_failure == "cancel":
                return Task("slow", agent=agent, prompt="Take your time")
            return step(name)

        names = ["good", "bad", "slow", "late"]
        each = ForEach(names, key=str, each=item, limit=3, on_failure=on_failure, id="each")
        return Sequence(each, step("last"))

    return items


@scene
async def items_that_fail(driver: Driver) -> None:
    await driver.start(items("finish"), "finish")
    await driver.start(items("cancel"), "cancel")
    await driver.start(items("continue"), "continue")


@scene
async def empties(driver: Driver) -> None:
    @workflow
    def empties(ctx: Context[NoInput]) -> Node:
        none: list[str] = []
        each = ForEach(none, key=str, each=step, allow_empty=True, id="none")
        return Sequence(Parallel(), Sequence(), Parallel(None, Sequence(None)), each, step("last"))

    @workflow
    def refuses(ctx: Context[NoInput]) -> Node:
        first = Step("first", lambda: list[str]())
        return Sequence(first, ForEach(lambda: ctx[first], key=str, each=step, id="none"))

    await driver.start(empties, "allowed")
    await driver.start(refuses, "refused")


@scene
async def tolerated(driver: Driver) -> None:
    @workflow
    def tolerated(ctx: Context[NoInput]) -> Node:
        allowed = Step("allowed", boom, on_failure="continue")
        inside = Loop(
            Step("in a round", boom, on_failure="continue"),
            until=lambda: True,
            max_iterations=2,
            id="loop",
        )
        denied = Approval("denied", ask="Really?", on_deny="continue")
        return Sequence(Sequence(allowed, step("after")), Parallel(inside, denied), step("last"))

    await driver.start(tolerated, "open")
    await driver.start(tolerated, "over")
    await driver.answer("denied", approved=False, run_id="over", note="not today")
    await driver.resume("over")


@scene
async def handled_containers(driver: Driver) -> None:
    driver.is_long = True

    def wrong() -> bool:
        raise ValueError("no answer")

    def no_items() -> list[str]:
        raise ValueError("no names")

    @workflow
    def handled(ctx: Context[NoInput]) -> Node:
        def item(name: str) -> Node:
            if name == "loop":
                fails: Node = Loop(step("body"), until=lambda: False, max_iterations=2, id="loop")
            elif name == "until":
                fails = Loop(step("once"), until=wrong, max_iterations=2, id="until")
            elif name == "branch":
                fails = Branch(wrong, step("yes"), step("no"), id="branch")
            elif name == "items":
                fails = ForEach(no_items, key=str, each=step, id="items")
            else:
                fails = Parallel(step("one"), step("two", fails=True), on_failure="cancel")
            return Sequence(Parallel(fails, step(f"beside {name}")), step(f"after {name}"))

        names = ["loop", "until", "branch", "items", "parallel"]
        each = ForEach(names, key=str, each=item, on_failure="continue", id="each")
        return Sequence(each, step("last"))

    await driver.start(handled)


@scene
async def tolerated_and_handled(driver: Driver) -> None:
    """Failures that are tolerated by steps and by items, in runs that finish and fail."""
    driver.is_long = True

    @workflow
    def then_fails(ctx: Context[NoInput]) -> Node:
        each = ForEach(
            ["a", "b"],
            key=str,
            each=lambda name: step(f"item {name}", fails=name == "b"),
            on_failure="continue",
            id="each",
        )
        own = Step("own", boom, on_failure="continue")
        return Sequence(own, each, Parallel(step("beside"), step("bad", fails=True)), step("last"))

    @workflow
    def both(ctx: Context[NoInput]) -> Node:
        own = Sequence(Step("own", boom, on_failure="continue"), step("after"))
        each = ForEach(
            ["a", "b"],
            key=str,
            each=lambda name: step(f"item {name}", fails=name == "b"),
            on_failure="continue",
            id="each",
        )
        return Sequence(own, each)

    await driver.start(then_fails, "then-fails")
    await driver.start(both, "both")


@scene
async def exhausted(driver: Driver) -> None:
    def loop(how: Literal["finish", "fail"]) -> Flow:
        @workflow
        def exhausted(ctx: Context[NoInput]) -> Node:
            inner = Loop(
                step("inner"),
                until=lambda: False,
                max_iterations=2,
                on_exhausted="finish",
                id="inner loop",
            )
            return Sequence(
                Loop(
                    step("draft"),
                    inner,
                    until=lambda: False,
                    max_iterations=2,
                    on_exhausted=how,
                    id="outer loop",
                ),
                step("last"),
            )

        return exhausted

    await driver.start(loop("finish"), "finish")
    await driver.start(loop("fail"), "fail")


@scene
async def skipped(driver: Driver) -> None:
    @workflow
    def skips(ctx: Context[NoInput]) -> Node:
        first = step("first")
        alone = Task("alone", agent=Scripted(), prompt="p", skip_if=lambda: True)
        agent = Scripted()
        reads = Task("reads", agent=agent, prompt="p", skip_if=lambda: ctx[first] != "")
        kept = Task("kept", agent=agent, prompt="p", skip_if=lambda: False)
        return Sequence(first, Parallel(alone, reads), kept)

    @workflow
    def all_skipped(ctx: Context[NoInput]) -> Node:
        body = Task("body", agent=Scripted(), prompt="p", skip_if=lambda: True)
        return Sequence(Loop(body, until=lambda: True, max_iterations=2, id="loop"))

    await driver.start(skips, "some")
    await driver.start(all_skipped, "all")


@scene
async def outputs(driver: Driver) -> None:
    """Models, plain values, texts of more than one line, and one output of 6 KB."""

    @workflow
    def outputs(ctx: Context[NoInput]) -> Node[Report]:
        found = Step(
            "find", lambda: Finding(title="a leak", lines=[3, 14], cause="a < b"), output=Finding
        )
        plain = Step("plain", lambda: {"a": [1, 2.5, None, True], "b": {"c": "ü\n\t✓"}})
        lines = Step("lines", lambda: "first line\nsecond line\n")
        large = Step("large", lambda: "0123456789abcdef" * 384)
        report = Step(
            "report",
            lambda: Report(findings=[ctx[found]], text=f"{len(ctx[large])} characters"),
            output=Report,
        )
        return Sequence(Parallel(found, plain, lines, large), report, result=report)

    await driver.start(outputs)


@scene
async def grown(driver: Driver) -> None:
    """A tree that renders change: nodes come, nodes go, and nodes move."""

    @workflow
    def grows(ctx: Context[NoInput]) -> Node:
        first = step("first")
        seen = ctx.get(first)
        more = [] if seen is None else [step("grown"), step("grown too")]
        gone = [step("not yet needed")] if seen is None else []
        hint = Approval("look", ask="Is it grown?")
        return Sequence(first, *more, hint, *gone, step("last"))

    await driver.start(grows, "waits")
    await driver.start(grows, "ends")
    await driver.answer("look", run_id="ends")
    await driver.resume("ends")


@scene
async def edited(driver: Driver) -> None:
    """A file that was edited between two owners: tasks gone, moved, and new."""

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        both = Parallel(step("kept"), step("moves"), step("goes"))
        return Sequence(both, step("breaks", fails=True), step("last"))

    @workflow(name="flow")
    def later(ctx: Context[NoInput]) -> Node:
        both = Parallel(step("kept"), step("new"))
        return Sequence(both, Sequence(step("moves"), step("breaks")), step("last"))

    await driver.start(flow, "mended")
    await driver.resume("mended", later)
    await driver.start(flow, "crashed")
    await driver.resume("crashed", later, dies_after=2)
