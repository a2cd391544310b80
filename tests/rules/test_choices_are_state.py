"""DESIGN 3a, Choices are state: evaluated once per node and iteration path, and kept."""

from __future__ import annotations

import json

import pytest

from smithers import (
    Approval,
    Branch,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Sequence,
    Step,
    Task,
    Workflow,
    workflow,
)
from smithers.changes import ChoiceMade, Key
from smithers.errors import AuthorError
from tests.rules.agents import Scripted
from tests.rules.resuming import crashed
from tests.rules.runs import Run


def choices(run: Run) -> list[str]:
    return [
        f"{change.key} {change.kind} {change.value}"
        for frame in run.watch.frames
        for change in frame.changes
        if isinstance(change, ChoiceMade)
    ]


def test_a_test_is_asked_once_and_a_crash_never_chooses_the_other_arm() -> None:
    answers = [True, False, False]

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Sequence(
            Branch(lambda: answers.pop(0), Step("yes", lambda: 1), Step("no", lambda: 2), id="b"),
            Approval("ok", ask="ok?"),
        )

    run = Run(flow)
    assert run.go().status == "waiting"
    run.answer("ok")
    assert run.go().status == "finished"
    assert choices(run) == ["b test true"]
    assert answers == [False, False]
    for k in range(1, len(run.watch.frames)):
        again = crashed(run, k)
        if again.go().status == "waiting":
            again.answer("ok")
            again.go()
        assert again.outcome("no") == "skipped"
        assert choices(again) == ["b test true"]


def test_a_choice_is_written_in_the_frame_in_which_it_was_made() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        source = Step("source", lambda: True)
        return Sequence(source, Branch(lambda: ctx[source], Step("yes", lambda: 1), id="b"))

    run = Run(flow)
    assert run.go().status == "finished"
    state = run.state
    assert state.choices[Key("b"), "test"].frame == state.ended[Key("source")].frame


def test_until_is_asked_once_an_iteration_and_changes_only_in_a_new_one() -> None:
    asked: list[int] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def until() -> bool:
            asked.append(1)
            return len(asked) == 3

        return Loop(Step("body", lambda: 1), until=until, max_iterations=5, id="loop")

    run = Run(flow)
    assert run.go().status == "finished"
    assert choices(run) == ["loop[0] until false", "loop[1] until false", "loop[2] until true"]


def test_skip_if_is_asked_once() -> None:
    asked: list[int] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        def skip() -> bool:
            asked.append(1)
            return False

        agent = Scripted(ValueError("broken adapter"))
        return Task("task", agent=agent, prompt="p", skip_if=skip)

    run = Run(flow)
    assert run.go().status == "failed"
    assert choices(run) == ["task skip_if false"]
    assert asked == [1]


def test_the_items_keep_keys_and_digests() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return ForEach(
            lambda: [{"n": 1}, {"n": 2}],
            key=lambda item: f"k{item['n']}",
            each=lambda item: Step(f"s{item['n']}", lambda: item["n"]),
            id="all",
        )

    run = Run(flow)
    assert run.go().status == "finished"
    row = json.loads(run.state.choices[Key("all"), "items"].value)
    assert row["keys"] == ["k1", "k2"]
    assert len(set(row["digests"])) == 2


def test_after_a_crash_other_keys_without_an_edit_are_an_author_error() -> None:
    names = [["a", "b"], ["a", "c"]]

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        items = ForEach(
            lambda: names.pop(0), key=str, each=lambda name: Step(name, lambda: name), id="all"
        )
        return Sequence(items, Approval("ok", ask="ok?"))

    run = Run(flow)
    assert run.go().status == "waiting"
    with pytest.raises(
        AuthorError, match="all returned other items than before the crash"
    ) as caught:
        run.go()
    assert caught.value.place is not None


def test_after_a_crash_the_items_are_called_on_their_recorded_reads() -> None:
    calls: list[int] = []

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        source = Step("source", lambda: ["a", "b"])

        def items() -> list[str]:
            calls.append(1)
            return ctx[source]

        each = ForEach(items, key=str, each=lambda name: Step(name, lambda: name))
        return Sequence(Approval("ok", ask="ok?"), Sequence(source, each), Approval("2", ask="?"))

    run = Run(flow)
    run.go()
    run.answer("ok")
    assert run.go().status == "waiting"
    assert calls == [1]
    run.answer("2")
    assert run.go().status == "finished"
    assert calls == [1, 1]
    assert run.starts == ["source#1", "a#1", "b#1"]


def test_after_an_edit_the_stored_keys_hold_and_the_rest_is_reported() -> None:
    def make(names: list[str]) -> Workflow[NoInput, object]:
        @workflow
        def flow(ctx: Context[NoInput]) -> Node:
            items = ForEach(names, key=str, each=lambda name: Step(name, lambda: name), id="all")
            return Sequence(items, Approval("ok", ask="ok?"))

        return flow

    run = Run(make(["a", "b"]))
    assert run.go().status == "waiting"
    run.workflow = make(["b", "c", "a"])
    run.edited = True
    assert run.go().status == "waiting"
    assert run.reports == ["all: the items c are new and ignored"]
    assert run.starts == ["a#1", "b#1"]
    run.answer("ok")
    assert run.go().status == "finished"
    assert run.outcome("c") is None


def test_items_that_an_edit_took_away_are_reported() -> None:
    def make(names: list[str]) -> Workflow[NoInput, object]:
        @workflow
        def flow(ctx: Context[NoInput]) -> Node:
            items = ForEach(names, key=str, each=lambda name: Step(name, lambda: name), id="all")
            return Sequence(items, Approval("ok", ask="ok?"))

        return flow

    run = Run(make(["a", "b"]))
    assert run.go().status == "waiting"
    run.workflow, run.edited = make(["b"]), True
    assert run.go().status == "waiting"
    assert run.reports == ["all: the items a are no longer there"]
    assert run.output("a") == '"a"'


def two(*, edited: bool, named: bool = False) -> Workflow[NoInput, object]:
    id = "sequence/branch1" if named else None

    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        new = (
            Branch(lambda: True, Step("new", lambda: 0), id="another" if named else None)
            if edited
            else None
        )
        old = Branch(lambda: False, Step("yes", lambda: 1), Step("no", lambda: 2), id=id)
        return Sequence(new, old, Approval("ok", ask="ok?"))

    return flow


def test_a_choice_whose_container_has_other_children_stops_and_names_the_id_to_write() -> None:
    run = Run(two(edited=False))
    assert run.go().status == "waiting"
    run.workflow, run.edited = two(edited=True), True
    with pytest.raises(AuthorError) as caught:
        run.go()
    assert 'id="sequence/branch1"' in caught.value.hint
    assert caught.value.place is not None
    assert caught.value.place.file == __file__


def test_writing_the_id_that_was_named_works() -> None:
    run = Run(two(edited=False))
    assert run.go().status == "waiting"
    run.workflow, run.edited = two(edited=True, named=True), True
    assert run.go().status == "waiting"
    assert run.starts == ["no#1", "new#1"]
    run.answer("ok")
    assert run.go().status == "finished"
