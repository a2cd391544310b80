"""What a render costs, counted: only what is different is rendered, defined and planned."""

# What is counted is what the engine keeps to itself.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from smithers import Context, ForEach, Loop, Node, NoInput, Parallel, Sequence, Step, workflow
from smithers.engine import comparing_nodes, mount
from smithers.engine.plan import Plan
from smithers.engine.render import Renderer
from tests.plans import renders_counted
from tests.rules.runs import Run

Make = Callable[[Context[NoInput], int], Node[Any]]
STEPS = (20, 40)
"""Two sizes of a run: what a step costs is the same in both."""


def one() -> int:
    return 1


def growing_sequence(ctx: Context[NoInput], count: int) -> Node[Any]:
    steps: list[Node[Any]] = []
    for number in range(count):
        steps.append(step := Step(f"s{number}", one))
        if ctx.get(step) is None:
            break
    return Sequence(*steps)


def inserted(ctx: Context[NoInput], count: int) -> Node[Any]:
    """Each step puts another one before the last of all."""
    return Sequence(growing_sequence(ctx, count - 1), Step("last", one))


def read_fan_out(ctx: Context[NoInput], count: int) -> Node[Any]:
    steps = [Step(f"s{number}", one) for number in range(count)]
    done = sum(ctx.get(each) is not None for each in steps)
    return Parallel(*steps, Step("last", one) if done == count else None)


def reading_items(ctx: Context[NoInput], count: int) -> Node[Any]:
    def each(item: int) -> Node[Any]:
        first = Step(f"first {item}", one)
        second = None if ctx.get(first) is None else Step(f"second {item}", one)
        return Sequence(first, second)

    return ForEach(lambda: range(count // 2), key=str, each=each, limit=1, id="items")


def reading_items_beside_others(ctx: Context[NoInput], count: int) -> Node[Any]:
    others = Parallel(*(Step(f"other {number}", one) for number in range(count)))
    return Parallel(others, reading_items(ctx, count))


def reading_loops(ctx: Context[NoInput], count: int) -> Node[Any]:
    def each(item: int) -> Node[Any]:
        step = Step(f"again {item}", one)
        more = ctx.get(step) is not None
        return Loop(
            step, until=lambda: more, max_iterations=3, id=f"loop {item}", on_exhausted="finish"
        )

    return ForEach(lambda: range(count // 2), key=str, each=each, limit=1, id="items")


def counted(make: Make, count: int, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What one run has done, by what it was."""
    found = Counter[str]()

    def count_calls(owner: Any, name: str, what: str) -> None:
        call = getattr(owner, name)

        def counting(*given: Any, **options: Any) -> Any:
            found[what] += 1
            return call(*given, **options)

        monkeypatch.setattr(owner, name, counting)

    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return make(ctx, count)

    with monkeypatch.context(), renders_counted():
        monkeypatch.setattr("tests.plans._MOST_INSTANCES", 0)  # the comparison plans as well
        count_calls(Renderer, "_render", "renders")
        count_calls(comparing_nodes, "_is_same", "nodes compared")
        count_calls(mount, "_define", "nodes defined")
        count_calls(Plan, "_make", "instances made")
        run = Run(flow, max_concurrency=1)
        assert run.drive_to_end().status.status == "finished"
        monkeypatch.undo()
    return found


@pytest.mark.parametrize(
    "make",
    [reading_items, reading_items_beside_others, reading_loops],
)
def test_an_item_that_reads_costs_the_same_among_few_and_many(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, many = (counted(make, count, monkeypatch) for count in STEPS)
    for what in ("renders", "nodes compared", "nodes defined", "instances made"):
        assert many[what] <= 2 * few[what] + 4, what


@pytest.mark.parametrize("make", [growing_sequence, read_fan_out])
def test_a_root_that_reads_plans_and_defines_only_what_is_fresh(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, many = (counted(make, count, monkeypatch) for count in STEPS)
    for what in ("renders", "nodes defined", "instances made"):
        assert many[what] <= 2 * few[what] + 4, what
    assert many["instances made"] <= STEPS[1] + 2


def test_what_is_put_before_something_plans_its_container_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few, many = (counted(inserted, count, monkeypatch) for count in STEPS)
    assert many["instances made"] <= 2 * few["instances made"] + 4
