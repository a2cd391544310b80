"""DESIGN 8: what somebody asks for is done again, with exactly what read it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
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
    Sequence,
    Step,
    Workflow,
    workflow,
)
from smithers.changes import Key, Reset
from smithers.engine.requesting import find_key
from smithers.engine.reworking import Again
from smithers.engine.settings import Request
from smithers.errors import Refused
from smithers.state import RunState
from tests.rules.resuming import finish
from tests.rules.runs import Run

Make = Callable[[Context[NoInput]], Node[Any]]


def flow_of(make: Make) -> Workflow[NoInput, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        return make(ctx)

    return flow


def request(keys: Collection[Key], *, readers: bool = True) -> Request:
    return lambda _: Again(keys=keys) if readers else Again(alone=keys)


def again(run: Run, *ids: str, keys: Collection[Key] = (), readers: bool = True) -> list[str]:
    """Have tasks done again by the next owner; gives what started because of it."""
    done = len(run.starts)
    asked = request([*keys, *(Key(id) for id in ids)], readers=readers)
    before, run.settings = run.settings, replace(run.settings, again=asked)
    run.go()
    run.settings = before
    finish(run)
    assert RunState.of(run.watch.frames) == run.state
    return [start.partition("#")[0] for start in run.starts[done:]]


def five(ctx: Context[NoInput]) -> Node[Any]:
    a, b, c = (Step(id, lambda id=id: id) for id in "abc")
    d = Step("d", lambda: f"d of {ctx[b]}")
    return Sequence(Parallel(a, b, c), d, Step("e", lambda: "e"))


def test_a_finished_run_does_again_what_is_named_and_what_read_it() -> None:
    run = Run(flow_of(five))
    assert finish(run) == "finished"
    assert again(run, "a") == ["a"]
    assert again(run, "b") == ["b", "d"]
    assert again(run) == []
    assert run.state.run_status == "finished"


def test_readers_stay_as_they_are_where_they_are_not_wanted() -> None:
    run = Run(flow_of(five))
    finish(run)
    assert again(run, "b", readers=False) == ["b"]


def test_the_resets_are_in_one_frame_the_first_one_of_the_owner() -> None:
    run = Run(flow_of(five))
    finish(run)
    frames = len(run.watch.frames)
    again(run, "a", "b")
    number, *more = [
        frame.number
        for frame in run.watch.frames
        if any(isinstance(change, Reset) for change in frame.changes)
    ]
    assert number == frames
    assert not more


def test_an_approval_that_read_it_is_asked_again() -> None:
    def make(ctx: Context[NoInput]) -> Node[Any]:
        draft = Step("draft", lambda: "a draft")
        ship = Approval("ship", ask=lambda: f"Ship {ctx[draft]}?")
        return Sequence(draft, ship, Step("send", lambda: ctx[ship].approved))

    run = Run(flow_of(make))
    finish(run)
    run.settings = replace(run.settings, again=request([Key("draft")]))
    assert run.go().status == "waiting"
    assert [key.id for key, _ in run.state.waits] == ["ship"]


def test_choices_that_read_it_are_made_again() -> None:
    def make(ctx: Context[NoInput]) -> Node[Any]:
        size = Step("size", lambda: 3)
        return Sequence(
            size,
            Branch(lambda: ctx[size] > 2, Step("large", lambda: 1), id="by-size"),
            Loop(
                Step("round", lambda: 1), until=lambda: ctx[size] > 0, max_iterations=2, id="loop"
            ),
            Step("other", lambda: 1),
        )

    run = Run(flow_of(make))
    finish(run)
    assert again(run, "size") == ["size"]
    assert sorted(key.id for key, _ in run.state.choices) == ["by-size", "loop"]


def test_a_loop_in_an_iteration_that_is_over_has_as_many_iterations_as_it_needs_now() -> None:
    most = 2

    def make(ctx: Context[NoInput]) -> Node[Any]:
        turn: Step[int] = Step("turn", lambda: (ctx.previous(turn) or 0) + 1)
        size = Step("size", lambda: most)
        part: Step[int] = Step("part", lambda: (ctx.previous(part) or 0) + 1)
        parts = Loop(part, until=lambda: ctx[part] >= ctx[size], max_iterations=5, id="parts")
        total = Step("total", lambda: f"{ctx[part]} parts")
        body = (turn, size, parts, total)
        return Loop(*body, until=lambda: ctx[turn] >= 2, max_iterations=5, id="turns")

    run = Run(flow_of(make))
    finish(run)
    keys = [Key("part", (0, 0))]
    assert again(run, keys=keys) == ["part[0][0]", "part[0][1]", "total[0]"]
    assert run.output("total", 0) == '"2 parts"'
    most = 4
    keys = [Key("size", (0,))]
    parts = [f"part[0][{number}]" for number in (1, 2, 3)]
    assert again(run, keys=keys) == ["size[0]", *parts, "total[0]"]
    assert (run.output("total", 0), run.output("total", 1)) == ('"4 parts"', '"2 parts"')
    assert run.state.run_status == "finished"


def test_a_container_that_failed_by_itself_is_done_again() -> None:
    fails = True

    def names() -> list[str]:
        return [1 / 0] if fails else ["a"]  # type: ignore[list-item]

    def make(ctx: Context[NoInput]) -> Node[Any]:
        each = ForEach(names, key=str, each=lambda name: Step(name, lambda: name), id="each")
        return Sequence(Step("first", lambda: 1), Sequence(each, id="group"))

    for id in ("each", "group"):
        fails = True
        run = Run(flow_of(make))
        assert finish(run) == "failed"
        fails = False
        assert again(run, id) == ["a"]
        assert run.state.run_status == "finished"


@pytest.mark.parametrize("readers", [True, False])
def test_what_the_tree_has_read_of_it_is_mounted_again(readers: bool) -> None:
    """Also in a group that follows it, which settles anew in the frame in which it has ended."""

    def make(ctx: Context[NoInput]) -> Node[Any]:
        size = Step("size", lambda: 2)
        parts = [Step(f"part {n}", lambda: 1) for n in range(ctx.get(size) or 0)]
        group = Sequence(*parts, Step("rest", lambda: 1))
        return Sequence(Parallel(size, Step("other", lambda: 1)), group, Step("end", lambda: 1))

    run = Run(flow_of(make))
    assert finish(run) == "finished"
    assert again(run, "size", readers=readers) == ["size", "part 0", "part 1"]
    assert run.state.run_status == "finished"
    ended = {key.id for key, end in run.state.ended.items() if end.outcome == "finished"}
    assert ended == {"size", "other", "part 0", "part 1", "rest", "end"}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("turns", Key("turns", ())),
        ("turns[0]", Key("turns", (0,))),
        ("group", Key("group", (1,))),
        ("group[0]", Key("group", (0,))),
        ("turn", Key("turn", (1,))),
        ("open", Key("open", ())),
    ],
)
def test_a_container_is_named_as_a_task_is(name: str, found: Key) -> None:
    """A loop without an iteration is all of it, and one that has not ended is there as well."""

    def make(ctx: Context[NoInput]) -> Node[Any]:
        turn: Step[int] = Step("turn", lambda: (ctx.previous(turn) or 0) + 1)
        group = Parallel(turn, Step("other", lambda: 1), id="group")
        turns = Loop(group, until=lambda: ctx[turn] >= 2, max_iterations=5, id="turns")
        return Sequence(turns, Sequence(Step("a", lambda: 1), Approval("ok", ask="ok?"), id="open"))

    run = Run(flow_of(make))
    assert run.go().status == "waiting"
    assert find_key(run.state, "r1", name) == found
    for missing in ("turns[2]", "turns[0][0]", "group[0][0]", "open[0]"):
        with pytest.raises(Refused, match="has not run"):
            find_key(run.state, "r1", missing)


def test_a_failed_run_does_again_what_failed_as_well() -> None:
    fails = True

    def work() -> str:
        if fails:
            raise ValueError("no")
        return "yes"

    def make(ctx: Context[NoInput]) -> Node[Any]:
        return Sequence(Step("a", lambda: 1), Step("b", lambda: 2), Step("c", work))

    run = Run(flow_of(make))
    assert finish(run) == "failed"
    fails = False
    assert again(run, "a") == ["a", "c"]
    assert run.state.run_status == "finished"
