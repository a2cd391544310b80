"""DESIGN 3a, Freezing: callables see their variables as they were where they were written."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from smithers import Context, Node, NoInput, Parallel, Sequence, Step, Task, workflow
from smithers.errors import AuthorError
from tests.rules.agents import Scripted
from tests.rules.runs import Run


def test_a_loop_variable_never_binds_late() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Sequence(*_made(), *_more())

    def _made() -> list[Node]:
        return [Step(name, lambda: name) for name in ("a", "b")]  # noqa: B023  # the point

    def _more() -> list[Node]:
        made: list[Node] = []
        for name in ("c", "d"):
            made.append(Step(name, lambda: name))  # noqa: B023, PERF401  # the point of the test
        return made

    run = Run(flow)
    assert run.go().status == "finished"
    assert [run.output(name) for name in "abcd"] == ['"a"', '"b"', '"c"', '"d"']


def test_a_task_defined_further_down_may_be_read() -> None:
    agent = Scripted()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def prompt() -> str:
            return f"of {ctx[later]}"

        early = Task("early", agent=agent, prompt=prompt)
        later = Step("later", lambda: "text")
        return Parallel(early, later)

    assert Run(flow).go().status == "finished"
    assert agent.asks[0].prompt == "of text"


def test_it_follows_functions_held_in_cells() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        made: list[Node] = []
        for name in ("a", "b"):

            def inner() -> str:
                return name  # noqa: B023  # the point of the test

            made.append(Step(name, lambda: inner()))
        return Sequence(*made)

    run = Run(flow)
    assert run.go().status == "finished"
    assert [run.output(name) for name in "ab"] == ['"a"', '"b"']


def test_it_follows_partials() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        made: list[Node] = []
        for name in ("a", "b"):

            def inner(before: str, *, after: str) -> str:
                return before + name + after  # noqa: B023  # the point of the test

            made.append(Step(name, functools.partial(inner, "<", after=">")))
        return Sequence(*made)

    run = Run(flow)
    assert run.go().status == "finished"
    assert [run.output(name) for name in "ab"] == ['"<a>"', '"<b>"']


def test_it_follows_bound_methods() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        made: list[Node] = []
        for name in ("a", "b"):

            class Say:
                def it(self) -> str:
                    return name  # noqa: B023  # the point of the test

            made.append(Step(name, Say().it))
        return Sequence(*made)

    run = Run(flow)
    assert run.go().status == "finished"
    assert [run.output(name) for name in "ab"] == ['"a"', '"b"']


def test_it_keeps_keyword_defaults() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        made: list[Node] = []
        for name in ("a", "b"):

            def run(*, mine: str = name, last: str = "!") -> str:
                return mine + last + name  # noqa: B023  # the point of the test

            made.append(Step(name, run))
        return Sequence(*made)

    run = Run(flow)
    assert run.go().status == "finished"
    assert [run.output(name) for name in "ab"] == ['"a!a"', '"b!b"']


def test_functions_that_call_each_other_and_themselves_are_frozen_once() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def even(n: int) -> bool:
            return n == 0 or odd(n - 1)

        def odd(n: int) -> bool:
            return n != 0 and even(n - 1)

        return Sequence(Step("even", lambda: even(10)), Step("early", lambda: late(3)), _rest(even))

    def late(n: int) -> int:
        return 0 if n == 0 else late(n - 1)

    def _rest(even: object) -> Node:
        return Step("rest", lambda: callable(even))

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("even") == "true"


def test_a_cell_that_was_empty_in_a_python_loop_is_an_error_that_names_the_line() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        made: list[Node] = []
        for name in ("a", "b"):

            def prompt() -> str:
                return f"{ctx[review]}"  # noqa: B023  # the point of the test

            made.append(Task(f"note {name}", agent=Scripted(), prompt=prompt))
            review = Step(f"review {name}", lambda: "text")
            made.append(review)
        return Parallel(*made)

    with pytest.raises(AuthorError) as caught:
        Run(flow).go()
    said = str(caught.value)
    assert "review is read before it is assigned inside a Python loop" in said
    assert "use ForEach, or one function per item" in said
    assert caught.value.place is not None
    lines = Path(__file__).read_text().splitlines()
    assert 'Task(f"note {name}"' in lines[caught.value.place.line - 1]


def test_a_function_per_item_is_the_way_out() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def item(name: str) -> Node:
            def prompt() -> str:
                return f"{ctx[review]}"

            note = Task(f"note {name}", agent=agent, prompt=prompt)
            review = Step(f"review {name}", lambda: name)
            return Parallel(note, review)

        return Sequence(*(item(name) for name in ("a", "b")))

    agent = Scripted()
    assert Run(flow).go().status == "finished"
    assert [ask.prompt for ask in agent.asks] == ["a", "b"]


def test_a_variable_that_is_changed_later_keeps_its_value_of_then() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        word = "then"
        step = Step("step", lambda: word)
        word = "later"
        return Sequence(step, Step("other", lambda: word))

    run = Run(flow)
    assert run.go().status == "finished"
    assert (run.output("step"), run.output("other")) == ('"then"', '"later"')
