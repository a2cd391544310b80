"""DESIGN 3a, ForEach is a handle: a typed list of what its items gave, in item order."""

from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from smithers import (
    Approval,
    Branch,
    Context,
    ForEach,
    ItemFailure,
    Loop,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Task,
    Workflow,
    workflow,
)
from smithers.changes import Key
from smithers.errors import AuthorError
from tests.rules.agents import Scripted
from tests.rules.resuming import check_every_crash
from tests.rules.runs import Run


class Finding(BaseModel):
    file: str
    size: int


def fails() -> str:
    raise ValueError("no")


def test_it_gives_the_outputs_in_item_order_with_their_type() -> None:
    agent = Scripted()

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        files = Step("files", lambda: ["b", "a", "c"])
        audit = ForEach(
            lambda: ctx[files],
            key=str,
            each=lambda file: Step(
                f"audit {file}", lambda: Finding(file=file, size=1), output=Finding
            ),
        )
        shown = Task(
            "shown", agent=agent, prompt=lambda: "".join(found.file for found in ctx[audit])
        )
        return Parallel(shown, audit, files)

    assert Run(flow).go().status == "finished"
    assert [ask.prompt for ask in agent.asks] == ["bac"]


def test_the_results_of_groups_are_what_the_items_give() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[list[int]]:
        def each(name: str) -> Node[int]:
            first = Step(f"{name} 1", lambda: name)
            second = Step(f"{name} 2", lambda: len(ctx[first]))
            return Sequence(first, second, result=second)

        return ForEach(["a", "bbb"], key=str, each=each)

    run = Run(flow)
    ended = run.go()
    assert (ended.status, ended.output) == ("finished", "[1,3]")


def test_an_item_gives_the_last_iteration_of_its_own_loops() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[str]:
        def each(name: str) -> Node[str]:
            rounds = count(1)
            text = Step(f"write {name}", lambda: f"{name}{next(rounds)}")
            inner = Loop(text, until=lambda: ctx[text][-1] in "24", max_iterations=2)
            outer = Loop(inner, until=lambda: ctx[text].endswith("4"), max_iterations=2)
            return Sequence(outer, result=text)

        items = ForEach(["a", "b"], key=str, each=each)
        told = Step("told", lambda: f"{' '.join(ctx[items])} {len(ctx.failures(items))}")
        turns = Loop(items, told, until=lambda: True, max_iterations=1)
        return Sequence(turns, result=told)

    ended = Run(flow).go()
    assert (ended.status, ended.output) == ("finished", '"a4 b4 0"')


def test_nested_fan_outs_give_nested_lists() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[list[int]]:
        def outer(name: str) -> Node[list[str]]:
            return ForEach(
                ["x", "y"],
                key=str,
                each=lambda part: Step(f"{name}{part}", lambda: f"{name}{part}"),
                id=f"in {name}",
            )

        all_ = ForEach(["a", "b"], key=str, each=outer, id="out")
        count = Step("count", lambda: sum(len(one) for one in ctx[all_]))
        shown = Step("shown", lambda: ctx[all_])
        return Sequence(all_, count, shown)  # type: ignore[return-value]  # pyright: ignore[reportReturnType]

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("shown") == '[["ax","ay"],["bx","by"]]'
    assert run.output("count") == "4"


def test_gaps_are_left_out_and_listed() -> None:
    seen: list[list[ItemFailure]] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        audit = ForEach(
            ["a", "b", "c"],
            key=str,
            each=lambda name: Step(name, (lambda: name) if name != "b" else fails),
            on_failure="continue",
        )

        def read() -> list[str]:
            seen.append(ctx.failures(audit))
            return ctx[audit]

        return Sequence(audit, Step("read", read))

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("read") == '["a","c"]'
    (failure,) = seen[0]
    assert (failure.key, failure.state) == ("b", "failed")
    assert failure.error is not None
    assert failure.error.message == "ValueError: no"


def test_two_items_with_one_key_are_an_author_error() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return ForEach(["a", "a"], key=str, each=lambda name: Step(name, lambda: 1), id="all")

    said = r"items 0 \('a'\) and 1 \('a'\) of all have the same key 'a'"
    with pytest.raises(AuthorError, match=said) as caught:
        Run(flow).go()
    assert caught.value.place is not None


def test_an_empty_list_is_an_author_error_unless_allowed() -> None:
    def make(*, allow_empty: bool) -> Run:
        @workflow
        def flow(ctx: Context[NoInput]) -> Node:
            none: list[str] = []
            every = ForEach(
                none,
                key=str,
                each=lambda name: Step(name, lambda: 1),
                allow_empty=allow_empty,
                id="all",
            )
            return Sequence(every, Step("after", lambda: ctx[every]))

        return Run(flow)

    with pytest.raises(AuthorError, match="all has no items") as caught:
        make(allow_empty=False).go()
    assert "allow_empty=True" in caught.value.hint
    run = make(allow_empty=True)
    assert run.go().status == "finished"
    assert run.output("after") == "[]"


def test_items_that_arrive_late_and_are_wrong_fail_the_fan_out() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        names = Step("names", lambda: ["a", "a"])
        every = ForEach(
            lambda: ctx[names], key=str, each=lambda name: Step(name, lambda: 1), id="all"
        )
        return Sequence(names, every)

    run = Run(flow)
    assert run.go().status == "failed"
    error = run.state.ended[Key("all")].error
    assert error is not None
    assert error.kind == "AuthorError"
    assert (error.place or "").startswith(__file__)


@pytest.mark.parametrize(
    "key", ["", "x" * 201, "a\nb", "a\x00b", "../up", "a/../b", "\ud800"], ids=range(7)
)
def test_a_key_that_cannot_be_an_id_is_an_author_error(key: str) -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return ForEach(
            [1], key=lambda _: key, each=lambda _: Parallel(Step("one", lambda: 1)), id="all"
        )

    with pytest.raises(AuthorError) as caught:
        Run(flow).go()
    assert "item" in str(caught.value)
    assert len(str(caught.value)) < 600


def test_each_sees_its_own_item_in_every_callable() -> None:
    agent = Scripted(lambda ask: ask.prompt)

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        every = ForEach(
            ["a", "b"],
            key=str,
            each=lambda name: Task(name, agent=agent, prompt=lambda: f"do {name}"),
        )
        return Sequence(every, Step("read", lambda: ctx[every]))

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("read") == '["do a","do b"]'


def test_a_fan_out_in_a_loop_has_new_items_in_each_iteration() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        counter = count(1)
        number = Step("number", lambda: next(counter))
        every = ForEach(
            lambda: [f"k{n}" for n in range(ctx[number])],
            key=str,
            each=lambda name: Step(name, lambda: name),
        )
        read = Step("read", lambda: ctx[every])
        return Loop(
            number, every, read, until=lambda: False, max_iterations=2, on_exhausted="finish"
        )

    run = Run(flow)
    assert run.go().status == "finished"
    assert [run.output("read", n) for n in range(2)] == ['["k0"]', '["k0","k1"]']


def test_a_reader_by_id_in_a_loop_waits_for_the_item_of_its_own_iteration() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        counter = count(1)
        number = Step("number", lambda: next(counter))
        every = ForEach(
            lambda: [ctx[number]], key=str, each=lambda n: Step("item", lambda: n), id="all"
        )
        read = Step("read", lambda: ctx.get("item", int))
        return Loop(
            Parallel(read, every, number),
            until=lambda: False,
            max_iterations=2,
            on_exhausted="finish",
        )

    run = Run(flow)
    assert run.go().status == "finished"
    assert [run.output("read", n) for n in range(2)] == ["1", "2"]


def test_an_item_may_read_structure_that_arrives_late() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        late = Step("late", lambda: "now")

        def each(name: str) -> Node:
            known = ctx.get(late)
            more = Step(f"{name} more", lambda: known) if known else None
            return Sequence(Approval(f"{name} ok", ask="ok?"), more)

        return Parallel(ForEach(["a"], key=str, each=each), late)

    run = Run(flow)
    assert run.go().status == "waiting"
    run.answer("a ok")
    assert run.go().status == "finished"
    assert run.output("a more") == '"now"'


def test_a_dictionary_or_a_text_is_no_list_of_items() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return ForEach(lambda: "abc", key=str, each=lambda name: Step(name, lambda: 1), id="all")

    with pytest.raises(AuthorError, match="items of all must be a list, not a str"):
        Run(flow).go()


def test_each_that_returns_no_node_is_an_author_error_at_its_line() -> None:
    def none(name: str) -> Any:
        return None

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Sequence(ForEach(["a"], key=str, each=none, id="all"))

    with pytest.raises(AuthorError, match="each of all for item 'a' returned None") as caught:
        Run(flow).go()
    assert caught.value.place is not None
    lines = Path(__file__).read_text().splitlines()
    assert "each=none" in lines[caught.value.place.line - 1]


def test_a_read_by_id_that_a_fan_out_overtakes_is_made_again() -> None:
    """The step's thread asks before the items are mounted, and says so after that."""

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        number = Step("number", lambda: 1)
        every = ForEach(
            lambda: [ctx[number]], key=str, each=lambda n: Step("item", lambda: n), id="all"
        )

        async def read() -> int | None:
            try:
                return ctx.get("item", int)
            finally:
                while "item[0]#1" not in run.starts:  # noqa: ASYNC110  # the loop has no event for it
                    await asyncio.sleep(0)

        body = Parallel(Step("read", read), every, number)
        return Loop(body, until=lambda: True, max_iterations=1, id="loop")

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.output("read", 0) == "1"


def test_of_items_with_the_same_key_the_first_counts_if_the_author_says_so() -> None:
    def make() -> Workflow[NoInput, Any]:
        @workflow
        def flow(ctx: Context[NoInput]) -> Node:
            found = Step("found", lambda: [["a", 1], ["b", 2], ["a", 3]])
            fan = ForEach(
                lambda: ctx[found],
                key=lambda item: str(item[0]),
                each=lambda item: Step(f"work {item[0]}", lambda: item[1]),
                on_duplicate="first",
            )
            return Sequence(found, fan, Step("by key", lambda: ctx.items(fan)))

        return flow

    run = Run(make())
    assert run.go().status == "finished"
    assert run.output("by key") == '{"a":1,"b":2}'
    assert check_every_crash(make).run_status == "finished"


def test_the_items_of_a_fan_out_that_gave_nothing_cannot_be_read() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        fan = ForEach(["a"], key=str, each=lambda _: Step("bad", fails), id="fan")
        no = Branch(lambda: False, fan)
        read = Step("read", lambda: ctx.items(fan), on_failure="continue")
        return Sequence(no, read)

    run = Run(flow)
    assert run.go().status == "finished"
    error = run.state.ended[Key("read")].error
    assert error is not None
    assert (error.kind, error.message) == ("NoOutput", "read reads fan, which was skipped")
