"""What a completion costs the plan: by the depth of the tree, and not by its size."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from smithers import ForEach, Loop, Node, Parallel, Sequence, Step, kinds
from smithers.engine import plan, slots
from smithers.kinds import Instance
from tests.properties.driver import Driver

PLAN_FILES = {
    plan.__file__,
    slots.__file__,
    *map(str, Path(kinds.__file__).parent.glob("*.py")),
}


def instructions(call: Callable[[Instance], None], one: Instance) -> int:
    """How many bytecode instructions of the plan a call executes."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        if event == "call":
            if frame.f_code.co_filename not in PLAN_FILES:
                return None
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        elif event == "opcode":
            count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call(one)
    finally:
        sys.settrace(before)
    return count


def worst_completion(node: Node[Any], items: int = 3) -> int:
    """The dearest completion of a whole run: the end of an attempt, all that follows from it, and
    the next start.
    """
    driver = Driver(node, keys=[str(number) for number in range(items)])
    worst = 0

    def begin(one: Instance) -> None:
        driver.begin(one, driver.attempt)

    def complete(one: Instance) -> None:
        driver.end(one, "succeeded", "finished")
        driver.drain()

    driver.drain()
    while not driver.plan.root.settled:
        key, one = next(iter(driver.hand.items()))
        del driver.hand[key]
        if one.kind.is_task:
            worst = max(worst, instructions(begin, one))
            if key not in driver.blocked:
                worst = max(worst, instructions(complete, one))
        else:
            driver.hand[key] = one
            answer = driver.events()[0]
            driver.happen(answer)
            driver.drain()
    return worst


def steps(count: int, name: str = "s") -> list[Step[None]]:
    return [Step(f"{name}{number}", lambda: None) for number in range(count)]


def mixed(count: int) -> Node[Any]:
    rows = [Sequence(*steps(count // 20, f"r{row}/")) for row in range(20)]
    return Parallel(*rows, Loop(*steps(3), until=lambda: True, max_iterations=2), limit=7)


def fan_out(count: int) -> Node[Any]:
    def each(item: str) -> Node[None]:
        return Sequence(Step(f"a{item}", lambda: None), Step(f"b{item}", lambda: None))

    return ForEach(lambda: ["x"] * count, key=str, each=each, limit=5, id="all")


SHAPES: dict[str, Callable[[int], Node[Any]]] = {
    "parallel": lambda count: Parallel(*steps(count)),
    "limited": lambda count: Parallel(*steps(count), limit=3),
    "sequence": lambda count: Sequence(*steps(count)),
    "mixed": mixed,
    "foreach": fan_out,
}


@pytest.mark.sampled(1)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_completion_costs_the_same_in_a_tree_of_100_and_of_1000(shape: str) -> None:
    small, large = (worst_completion(SHAPES[shape](size), size) for size in (100, 1000))
    assert large <= small * 1.1 + 20


def test_a_completion_costs_in_proportion_to_the_depth() -> None:
    def deep(depth: int) -> Node[Any]:
        node: Node[Any] = Step("bottom", lambda: None)
        for _ in range(depth):
            node = Sequence(node)
        return node

    flat, once, twice = (worst_completion(deep(depth)) for depth in (1, 21, 41))
    assert twice - once <= (once - flat) * 1.1
