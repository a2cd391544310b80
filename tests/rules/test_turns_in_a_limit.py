"""A child of a limited group is asked when it has its turn; trees that wait for each other end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from smithers import (
    Approval,
    Branch,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Rework,
    Sequence,
    Step,
    Subflow,
    Task,
    Try,
    WaitForEvent,
    workflow,
)
from smithers.changes import Settled, WaitOpened
from smithers.state import RunState
from tests.rules.agents import Scripted
from tests.rules.resuming import crashed, finish
from tests.rules.runs import Run

Build = Callable[[Context[NoInput]], Node[Any]]


def run_of(build: Build) -> Run:
    @workflow(input=NoInput, pools={"p": 1})
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return build(ctx)

    return Run(flow)


async def one() -> int:
    return 1


def skipped(id: str, asked: list[str] | None = None, **more: Any) -> Task[str]:
    def skips() -> bool:
        if asked is not None:
            asked.append(id)
        return True

    return Task(id, agent=Scripted(), prompt="p", skip_if=skips, **more)


def reader(ctx: Context[NoInput], id: str, source: Node[Any], **more: Any) -> Step[bool]:
    async def read() -> bool:
        return ctx.get(source) is None

    return Step(id, read, **more)


# -- each of these has holders of slots that wait, by some way, for a child that has none


def a_skip(ctx: Context[NoInput]) -> Node[Any]:
    late = skipped("late")
    middle = reader(ctx, "middle", late)
    holder = Sequence(Step("holds", one), reader(ctx, "held", middle))
    return Parallel(Parallel(holder, late, limit=1), middle)


def a_skip_in_a_group(ctx: Context[NoInput]) -> Node[Any]:
    late = [skipped(f"late {n}") for n in range(4)]
    middle = reader(ctx, "middle", late[3])
    holder = Sequence(Step("holds", one), reader(ctx, "held", middle))
    inner = Parallel(*late, limit=1)
    return Parallel(Parallel(holder, Sequence(inner), limit=1), middle)


def nested_limits(ctx: Context[NoInput]) -> Node[Any]:
    late = Step("late", one)
    early = [reader(ctx, f"early {n}", late) for n in range(4)]
    return Parallel(
        Parallel(*early[:2], limit=1),
        Parallel(Sequence(early[2]), early[3], limit=1),
        Parallel(Step("other", one), late, limit=1),
        limit=1,
    )


def needs(ctx: Context[NoInput]) -> Node[Any]:
    early = [Step(f"early {n}", one, needs=[f"early {n + 1}"]) for n in range(5)]
    return Parallel(*early, Step("early 5", one), limit=1)


def a_pool(ctx: Context[NoInput]) -> Node[Any]:
    late = Step("late", one, pool="p")
    early = [reader(ctx, f"early {n}", late, pool="p") for n in range(3)]
    return Parallel(Parallel(*early, limit=1), Parallel(skipped("gone", pool="p"), late, limit=1))


def items(ctx: Context[NoInput]) -> Node[Any]:
    late = Step("late", one)

    def each(item: int) -> Node[Any]:
        if item == 4:
            return Branch(lambda: True, late, id="branch")
        return Try(reader(ctx, f"item {item}", late), finally_=Step(f"after {item}", one))

    return ForEach(range(5), key=str, each=each, limit=1, id="each")


def a_loop(ctx: Context[NoInput]) -> Node[Any]:
    late = Step("late", one)
    early = reader(ctx, "early", late)
    body = Parallel(early, skipped("gone"), late, limit=1)
    return Loop(body, until=lambda: False, max_iterations=3, on_exhausted="finish")


def an_effect(ctx: Context[NoInput]) -> Node[Any]:
    late = Step("late", one, effect=True)
    return Parallel(reader(ctx, "early", late), skipped("gone"), late, limit=1)


def a_child(ctx: Context[NoInput]) -> Node[Any]:
    @workflow(input=NoInput)
    def part(ctx: Context[NoInput]) -> Node[int]:
        return Step("inner", one)

    late = Subflow("late", part, input=NoInput())
    return Parallel(reader(ctx, "early", late), late, Step("last", one), limit=1)


def reworked(ctx: Context[NoInput]) -> Node[Any]:
    tried: list[int] = []
    draft = Step("draft", one)

    async def check() -> int:
        tried.append(ctx[draft])
        if len(tried) == 1:
            raise ValueError("again")
        return 1

    checks = Step("check", check, on_failure=Rework(draft, max_rounds=3))
    return Parallel(checks, skipped("gone"), draft, limit=1)


TREES = [
    *(a_skip, a_skip_in_a_group, nested_limits, needs, a_pool, items),
    *(a_loop, an_effect, a_child, reworked),
]


@pytest.mark.parametrize("build", TREES)
def test_a_tree_whose_children_wait_for_each_other_ends(build: Build) -> None:
    assert finish(run_of(build)) == "finished"


@pytest.mark.parametrize("build", [one for one in TREES if one not in (reworked, a_child)])
def test_it_ends_after_a_crash_at_any_frame(build: Build) -> None:
    run = run_of(build)
    assert finish(run) == "finished"
    for frames in range(1, len(run.watch.frames)):
        assert finish(crashed(run, frames)) == "finished", frames


def test_an_approval_that_has_the_slot_does_not_keep_a_skip_from_its_readers() -> None:
    def build(ctx: Context[NoInput]) -> Node[Any]:
        late = skipped("late")
        return Parallel(Parallel(Approval("ok", ask="?"), late, limit=1), reader(ctx, "r", late))

    run = run_of(build)
    assert run.go().status == "waiting"
    assert run.outcome("late") == "skipped"
    assert run.outcome("r") == "finished"


@pytest.mark.parametrize("is_holder", [True, False])
def test_what_a_node_waits_for_is_not_held_back_while_others_are_at_work(is_holder: bool) -> None:
    def build(ctx: Context[NoInput]) -> Node[Any]:
        was_read, late = asyncio.Event(), skipped("late")

        async def read() -> bool:
            found = ctx.get(late) is None
            was_read.set()
            return found

        async def work() -> bool:
            return await asyncio.wait_for(was_read.wait(), 60)

        reads, long = Step("reads", read), Step("long", work)
        if is_holder:
            return Parallel(Parallel(Sequence(Step("a", one), reads), late, limit=1), long)
        return Parallel(reads, Sequence(Step("a", one), Parallel(long, late, limit=1)))

    run = run_of(build)
    assert run.go().status == "finished"
    assert run.outcome("long") == "finished"


def test_what_a_child_needs_of_itself_has_no_others_asked() -> None:
    asked: list[str] = []
    seen: list[int] = []

    def build(ctx: Context[NoInput]) -> Node[Any]:
        async def look() -> int:
            seen.append(len(asked))
            return 1

        def child(n: int) -> Node[Any]:
            return Parallel(
                Step(f"reads {n}", look, needs=[f"made {n}"]),
                Sequence(skipped(f"s{n}", asked), Step(f"made {n}", look)),
            )

        return Parallel(*(child(n) for n in range(9)), limit=1)

    run = run_of(build)
    assert run.go().status == "finished"
    assert seen[0] == 2  # the first, and the one that it lets go first as it waits


def test_a_child_is_asked_when_it_has_its_turn_and_is_ready_before_that() -> None:
    asked: list[str] = []
    seen: list[list[str]] = []

    def build(ctx: Context[NoInput]) -> Node[Any]:
        async def look() -> int:
            seen.append(list(asked))
            return 1

        children = [
            *(Sequence(skipped(f"s{n}", asked), Step(f"t{n}", look)) for n in range(4)),
            Step("last", look),
        ]
        return Parallel(*children, limit=2)

    run = run_of(build)
    assert run.go().status == "finished"
    assert seen == [["s0", "s1"], ["s0", "s1"], *[["s0", "s1", "s2", "s3"]] * 3]
    first = RunState.of(run.watch.frames[:1])
    assert {key.id for key in first.came_up} >= {"s0", "s1", "s2", "s3", "last"}


def test_those_who_wait_for_their_turn_begin_in_the_order_of_the_document() -> None:
    def build(ctx: Context[NoInput]) -> Node[Any]:
        late = Step("s3", one)
        steps = [reader(ctx, "s0", late), Step("s1", one), Step("s2", one), late, Step("s4", one)]
        return Parallel(*steps, limit=1)

    run = run_of(build)
    assert run.go().status == "finished"
    assert run.starts == ["s0#1", "s1#1", "s2#1", "s3#1", "s0#2", "s4#1"]


def test_the_highest_priority_starts_first_in_a_group_with_a_limit_too() -> None:
    def build(ctx: Context[NoInput]) -> Node[Any]:
        priorities = {"s0": -1, "s1": 0, "s2": 0, "s3": 5, "s4": 0}
        return Parallel(*(Step(id, one, priority=n) for id, n in priorities.items()), limit=1)

    run = run_of(build)
    assert run.go().status == "finished"
    assert run.starts[0] == "s3#1"


def test_a_signal_that_the_holder_of_a_slot_waits_for_is_taken() -> None:
    def build(ctx: Context[NoInput]) -> Node[Any]:
        return Parallel(
            *(WaitForEvent(f"w{n}", event="go") for n in range(3)), Step("last", one), limit=1
        )

    run = run_of(build)
    for number in range(3):
        assert run.go().status == "waiting"
        assert run.outcome(f"w{number}") is None
        run.send("go")
    assert run.go().status == "finished"


def in_turn(ctx: Context[NoInput]) -> Node[Any]:
    draft = Step("draft", one)
    between = Step("between", one)
    other = reader(ctx, "other", draft)
    ship = Approval("ship", ask="Ship?", on_deny=Rework(draft, max_rounds=2))
    return Parallel(Sequence(draft, between, other), ship, limit=1)


def denied_once(run: Run) -> bool:
    """Deny each question, then approve it; whether there were any."""
    asked = [key for key, kind in run.state.waits if kind == "approval"]
    for key in asked:
        run.answer(key.id, path=key.path, approved=(key, "rework") in run.state.choices)
    return bool(asked)


def test_what_is_sent_back_in_one_child_of_a_group_is_done_before_the_person_is_asked_again() -> (
    None
):
    run = run_of(in_turn)
    assert finish(run, denied_once) == "finished"
    assert run.starts == ["draft#1", "between#1", "other#1", "draft#2", "other#2"]
    asked = [
        frame.number
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, WaitOpened)
    ]
    done = [
        frame.number
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, Settled) and change.key.id == "other"
    ]
    assert len(asked) == len(done) == 2
    assert done[1] <= asked[1]


def test_it_is_so_after_a_crash_at_any_frame() -> None:
    run = run_of(in_turn)
    finish(run, denied_once)
    for frames in range(1, len(run.watch.frames)):
        again = crashed(run, frames)
        assert finish(again, denied_once) == "finished", frames


def test_an_item_that_sends_work_back_is_asked_again_before_the_next_item() -> None:
    def build(ctx: Context[NoInput]) -> Node[Any]:
        draft, names = Step("draft", one), Step("names", lambda: ["b", "a"])

        def ask(name: str) -> Node[Any]:
            return Approval(name, ask="?", on_deny=Rework(draft, max_rounds=2))

        items = ForEach(lambda: ctx[names], key=str, each=ask, limit=1, id="e")
        return Parallel(draft, Sequence(Step("before", one), names), items)

    run = run_of(build)
    assert run.go().status == "waiting"
    run.answer("b", approved=False)
    assert run.go().status == "waiting"
    assert {key.id for key, _ in run.state.waits} == {"b"}
