"""Items of a fan-out are mounted together: what one needs or reads may be a later item."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from smithers import Context, ForEach, Loop, Node, NoInput, Parallel, Sequence, Step, Task, workflow
from smithers.errors import AuthorError
from tests.rules.agents import Scripted
from tests.rules.runs import Run

Each = Callable[[str], Node[Any]]


def fan(each: Each, items: str = "12", *, limit: int | None = None, id: str = "fan") -> Node[Any]:
    return ForEach(list(items), key=str, each=each, limit=limit, id=id)


def run_of(make: Callable[[Context[NoInput]], Node[Any]]) -> Run:
    return Run(workflow(input=NoInput, name="flow")(make))


def one_before_two(item: str) -> Node[Any]:
    return Step(f"a {item}", lambda: item, needs=["a 2"] if item == "1" else [])


def refused(make: Callable[[Context[NoInput]], Node[Any]]) -> str:
    run = run_of(make)
    with pytest.raises(AuthorError) as caught:
        run.go()
    assert not run.watch.frames, "nothing was written, and so nothing was paid"
    assert caught.value.place is not None
    return caught.value.said


@pytest.mark.parametrize("limit", [None, 1, 2])
def test_an_item_may_need_a_later_item(limit: int | None) -> None:
    run = run_of(lambda ctx: fan(one_before_two, "123", limit=limit))
    assert run.go().status == "finished"
    assert run.starts.index("a 2#1") < run.starts.index("a 1#1")


@pytest.mark.parametrize("limit", [None, 1])
def test_every_item_may_need_the_next(limit: int | None) -> None:
    def each(item: str) -> Node[Any]:
        needs = [f"a {int(item) + 1}"] if item != "5" else []
        return Step(f"a {item}", lambda: item, needs=needs)

    run = run_of(lambda ctx: fan(each, "12345", limit=limit))
    assert run.go().status == "finished"
    assert run.starts == [f"a {item}#1" for item in "54321"]


@pytest.mark.parametrize("limit", [None, 1])
def test_an_item_may_read_a_later_item(limit: int | None) -> None:
    def make(ctx: Context[NoInput]) -> Node[Any]:
        def each(item: str) -> Node[Any]:
            if item == "1":
                return Step("a 1", lambda: ctx.get("a 2", str), output=str)
            return Step(f"a {item}", lambda: item)

        return fan(each, "12", limit=limit)

    run = run_of(make)
    assert run.go().status == "finished"
    assert run.output("a 1") == '"2"'


@pytest.mark.parametrize("limit", [None, 1])
def test_a_prompt_may_read_a_later_item(limit: int | None) -> None:
    agent = Scripted()

    def make(ctx: Context[NoInput]) -> Node[Any]:
        def each(item: str) -> Node[Any]:
            prompt = (lambda: f"after {ctx.get('a 2', str)}") if item == "1" else "first"
            return Task(f"a {item}", agent=agent, prompt=prompt)

        return fan(each, "12", limit=limit)

    run = run_of(make)
    assert run.go().status == "finished"
    assert [ask.prompt.split()[0] for ask in agent.asks] == ["first", "after"]


def test_an_item_may_need_a_task_that_comes_later_in_the_tree() -> None:
    def each(item: str) -> Node[Any]:
        return Step(f"a {item}", lambda: item, needs=["late"])

    run = run_of(lambda ctx: Parallel(fan(each), Sequence(Step("b", lambda: 1), Step("late", lambda: 1))))
    assert run.go().status == "finished"
    assert run.starts[:2] == ["b#1", "late#1"]


def test_an_item_may_need_an_item_of_a_later_fan_out_that_asks_later() -> None:
    def make(ctx: Context[NoInput]) -> Node[Any]:
        count = Step("count", lambda: 2)

        def names() -> list[str]:
            return [str(number) for number in range(ctx[count])]

        first = fan(lambda item: Step(f"a {item}", lambda: item, needs=["b 1"]))
        second = ForEach(names, key=str, each=lambda item: Step(f"b {item}", lambda: item), id="late")
        return Parallel(first, Sequence(count, second))

    run = run_of(make)
    assert run.go().status == "finished"


def test_an_item_of_a_nested_fan_out_may_need_what_is_in_a_later_item() -> None:
    def each(outer: str) -> Node[Any]:
        def inner(item: str) -> Node[Any]:
            needs = ["2 x"] if outer == "1" else []
            return Step(f"{outer} {item}", lambda: item, needs=needs)

        return fan(inner, "xy", id=f"inner {outer}")

    run = run_of(lambda ctx: fan(each))
    assert run.go().status == "finished"
    assert run.starts.index("2 x#1") < run.starts.index("1 x#1")


def test_items_in_a_loop_need_the_items_of_their_own_iteration() -> None:
    def make(ctx: Context[NoInput]) -> Node[Any]:
        rounds: list[int] = []

        def until() -> bool:
            rounds.append(1)
            return len(rounds) == 2

        return Loop(fan(one_before_two), until=until, max_iterations=3, id="loop")

    run = run_of(make)
    assert run.go().status == "finished"
    assert run.starts == ["a 2[0]#1", "a 1[0]#1", "a 2[1]#1", "a 1[1]#1"]


def test_a_need_of_an_item_that_only_an_earlier_iteration_had_is_an_author_error() -> None:
    def make(ctx: Context[NoInput]) -> Node[Any]:
        asked: list[int] = []

        def items() -> list[str]:
            asked.append(1)
            return ["1", "2"] if len(asked) == 1 else ["1"]

        each = ForEach(items, key=str, each=one_before_two, id="fan")
        return Loop(each, until=lambda: False, max_iterations=2, id="loop")

    ended = run_of(make).go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert "step 'a 1' needs 'a 2', which is not part of the workflow tree" in ended.error.message


def test_a_circle_between_items_is_found_before_anything_is_paid() -> None:
    def each(item: str) -> Node[Any]:
        return Step(f"a {item}", lambda: item, needs=["a 2" if item == "1" else "a 1"])

    said = refused(lambda ctx: fan(each))
    assert "these nodes wait for each other in a circle" in said
    assert "'a 1'" in said
    assert "needs 'a 2'" in said


def test_a_circle_through_the_order_around_an_item_is_found_before_anything_is_paid() -> None:
    def each(item: str) -> Node[Any]:
        return Sequence(
            Step(f"a {item}", lambda: item, needs=["b 2"] if item == "1" else ["b 1"]),
            Parallel(Step(f"b {item}", lambda: item)),
        )

    said = refused(lambda ctx: fan(each))
    assert "these nodes wait for each other in a circle" in said


def test_an_item_that_needs_what_nothing_can_add_is_refused() -> None:
    def each(item: str) -> Node[Any]:
        return Step(f"a {item}", lambda: item, needs=["a 7"])

    assert "'a 1' needs 'a 7', which is not part of the workflow tree" in refused(lambda ctx: fan(each))


def test_a_task_outside_that_needs_an_item_that_is_not_there_is_refused() -> None:
    outside = Step("outside", lambda: 1, needs=["a 7"])
    said = refused(lambda ctx: Parallel(outside, fan(one_before_two)))
    assert "'outside' needs 'a 7', which is not part of the workflow tree" in said


def test_a_later_item_that_fails_fails_what_needs_it() -> None:
    def boom() -> str:
        raise RuntimeError("no")

    def each(item: str) -> Node[Any]:
        if item == "1":
            return Step("a 1", lambda: item, needs=["a 2"])
        return Step("a 2", boom)

    run = run_of(
        lambda ctx: ForEach(["1", "2"], key=str, each=each, on_failure="continue", id="fan")
    )
    assert run.go().status == "finished"
    assert run.outcome("a 1") == "failed"
    assert run.starts == ["a 2#1"]
