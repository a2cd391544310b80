"""What a workflow function costs that builds nodes and reads them, in calls."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from smithers import Context, Node, NoInput, Parallel, Sequence, Step, workflow
from smithers.engine.comparing_nodes import compare
from smithers.engine.mount import mount
from tests.calls import calls_of
from tests.plans import renders_counted
from tests.rules.runs import Run

Make = Callable[[int], "Step[int]"]


def one() -> int:
    return 1


def of_one_function(number: int) -> Step[int]:
    return Step(f"step {number}", one)


def of_closures(number: int) -> Step[int]:
    return Step(f"step {number}", lambda: number)


def calls_a_node(make: Make, count: int, *, read_ended: bool) -> float:
    """The calls of a function that builds so many nodes and reads each, for each of them."""
    found: list[float] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        steps: list[Step[int]] = []
        values: list[int | None] = []

        def build_and_read() -> None:
            for number in range(count):
                steps.append(make(number))
                values.append(ctx.get(steps[-1]))

        calls = calls_of(build_and_read, of_c=True)
        if read_ended == (None not in values):
            found.append(calls / count)
        return Sequence(Parallel(*steps), Step("last", one))

    with renders_counted():  # another owner reads what is not mounted yet in another way
        assert Run(flow).go().status == "finished"
    return min(found)


@pytest.mark.parametrize(("make", "most"), [(of_one_function, 57), (of_closures, 87)])
def test_a_node_and_its_read_take_so_many_calls_however_many_there_are(
    make: Make, most: int
) -> None:
    few = calls_a_node(make, 50, read_ended=True)
    many = calls_a_node(make, 200, read_ended=True)
    assert many <= few + 1
    assert many <= most


def test_a_read_of_what_is_not_there_yet_takes_as_many_however_many_there_are() -> None:
    few = calls_a_node(of_one_function, 50, read_ended=False)
    many = calls_a_node(of_one_function, 200, read_ended=False)
    assert many <= few + 1


def test_a_read_of_what_is_new_takes_as_many_calls_however_much_has_ended() -> None:
    calls: list[int] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        steps = [of_one_function(0)]
        while (count := len(steps)) < 40 and ctx.get(steps[-1]) is not None:
            steps.append(of_one_function(count))
        new = of_one_function(count)
        calls.append(calls_of(lambda: ctx.get(new), of_c=True))
        return Sequence(*steps)

    assert Run(flow).go().status == "finished"
    assert len(calls) > 40
    assert max(calls[-20:]) <= max(calls[2:5])


@pytest.mark.parametrize(("make", "most"), [(of_one_function, 12), (of_closures, 22)])
def test_a_node_that_stays_is_compared_in_so_many_calls_however_many_there_are(
    make: Make, most: int
) -> None:
    def calls(count: int) -> float:
        was, now = (Parallel(*(make(number) for number in range(count))) for _ in range(2))
        mounted = mount(was)
        return calls_of(lambda: compare(mounted, now), of_c=True) / count

    few, many = calls(50), calls(200)
    assert many <= few
    assert many <= most


def test_the_nodes_that_one_line_makes_share_what_is_known_of_it() -> None:
    one_line = [Step(f"step {number}", one) for number in range(2)]
    another = Step("another", one)
    assert one_line[0].mark is one_line[1].mark
    assert one_line[0].work is one_line[1].work is another.work
    assert another.mark.place.line == one_line[0].mark.place.line + 1
