"""DESIGN 3a, Ids; and §3: unknown ids, ids used twice, children that are no nodes."""

from __future__ import annotations

from typing import Any, cast

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
    Task,
    workflow,
)
from smithers.errors import AuthorError, Refused
from smithers.tree import check_run_id
from tests.rules.agents import Scripted
from tests.rules.runs import Run


@pytest.mark.parametrize("id", ["a", "x" * 200, "src/a.py:12", "two words", "ü", "a..b", ".", "…"])
def test_an_id_is_1_to_200_printable_characters(id: str) -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Step(id, lambda: 1)

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.starts == [f"{id}#1"]


@pytest.mark.parametrize(
    "id",
    ["", "x" * 201, "x" * 10_000, "a\nb", "a\x00", "a\x1b[31m", "../a", "a/..", "a/../b", "..",
     "\u202e", "\ud800", " a", "a\\..\\b"],
    ids=range(14),
)  # fmt: skip
def test_no_control_characters_and_no_dot_dot_segment(id: str) -> None:
    made: list[Any] = [
        lambda: Task(id, agent=Scripted(), prompt="p"),
        lambda: Step(id, lambda: 1),
        lambda: Approval(id, ask="?"),
        lambda: Loop(Step("x", lambda: 1), until=lambda: True, max_iterations=1, id=id),
        lambda: Branch(lambda: True, None, id=id),
        lambda: ForEach(["a"], key=str, each=lambda _: Step("x", lambda: 1), id=id),
    ]
    for make in made:
        with pytest.raises(AuthorError) as caught:
            make()
        shown = str(caught.value)
        assert len(shown) < 600
        assert shown.replace("\n", "").isprintable()
        assert caught.value.place is not None
        assert caught.value.place.file == __file__


def test_an_id_that_is_no_text_is_an_author_error() -> None:
    with pytest.raises(AuthorError, match="must be a string, not int"):
        Step(cast("str", 7), lambda: 1)


def test_ids_of_tasks_are_never_prefixed() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        each = ForEach(["k"], key=str, each=lambda _: Sequence(Step("deep", lambda: 1)))
        return Sequence(Parallel(each))

    run = Run(flow)
    assert run.go().status == "finished"
    assert run.starts == ["deep#1"]


def test_no_id_becomes_a_path() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Sequence(*(Task(id, agent=Scripted(), prompt="p") for id in ("a/b", "C:x", "~")))

    run = Run(flow)
    assert run.go().status == "finished"
    names = sorted(str(path.relative_to(run.folder)) for path in run.folder.rglob("*.jsonl"))
    assert names == [f"streams/{n}.events.jsonl" for n in (1, 2, 3)]


def test_container_ids_are_kind_plus_ordinal_below_the_parent() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Sequence(
            Parallel(Step("a", lambda: 1)),
            Branch(lambda: True, Sequence(Step("b", lambda: 1))),
            Parallel(Step("c", lambda: 1)),
        )

    run = Run(flow)
    assert run.go().status == "finished"
    assert set(run.state.nodes) == {
        "sequence",
        "sequence/parallel1",
        "sequence/parallel2",
        "sequence/branch1",
        "sequence/branch1/sequence1",
        *"abc",
    }


@pytest.mark.parametrize("id", ["r1", "A.b_c-9", "x" * 64])
def test_run_ids_that_are_allowed(id: str) -> None:
    assert check_run_id(id) == id


@pytest.mark.parametrize("id", ["", "x" * 65, "a/b", "..", ".", "a b", "a\n", "ü", "a:b"])
def test_run_ids_that_are_not(id: str) -> None:
    with pytest.raises(Refused, match="is not a valid run id"):
        check_run_id(id)


def test_an_id_that_is_used_twice_names_both_places() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Sequence(
            Step("same", lambda: 1),
            Step("same", lambda: 2),
        )

    with pytest.raises(AuthorError, match="'same' is used twice") as caught:
        Run(flow).go()
    assert str(caught.value).count(__file__) == 2


def test_one_node_in_two_places_is_an_author_error() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        one = Step("one", lambda: 1)
        return Sequence(one, Parallel(one))

    with pytest.raises(AuthorError, match="'one' appears twice"):
        Run(flow).go()


def test_an_id_that_items_use_twice_is_an_author_error() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return ForEach(["a", "b"], key=str, each=lambda _: Step("same", lambda: 1))

    with pytest.raises(AuthorError, match="'same' is used twice"):
        Run(flow).go()


def test_an_item_with_the_id_of_a_task_outside_is_an_author_error() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        each = ForEach(["a"], key=str, each=lambda _: Step("same", lambda: 1))
        return Sequence(Step("same", lambda: 1), each)

    run = Run(flow)
    ended = run.go()
    assert ended.status == "failed"
    assert ended.error is not None
    assert "'same' is used twice" in ended.error.message


@pytest.mark.parametrize("child", ["text", 7, [None], print])
def test_a_child_that_is_no_node_is_an_author_error(child: object) -> None:
    for make in (Sequence, Parallel):
        with pytest.raises(AuthorError, match=r"child 1 of this .* must be a node") as caught:
            cast("Any", make)(child)
        assert caught.value.place is not None
        assert caught.value.place.file == __file__
    with pytest.raises(AuthorError, match="must be a node"):
        Loop(cast("Node", child), until=lambda: True, max_iterations=1)
    with pytest.raises(AuthorError, match="must be a node"):
        Branch(lambda: True, cast("Node", child))


def test_an_unknown_id_in_needs_is_an_author_error_before_anything_runs() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Sequence(Step("one", lambda: 1), Step("two", lambda: 1, needs=["on"]))

    run = Run(flow)
    with pytest.raises(
        AuthorError, match="'two' needs 'on', which is not part of the workflow tree"
    ) as caught:
        run.go()
    assert "one" in caught.value.hint
    assert run.watch.frames == []


def test_an_unknown_id_in_get_is_an_author_error() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Task("two", agent=Scripted(), prompt=lambda: f"{ctx.get('on', str)}")

    with pytest.raises(AuthorError, match=r"two reads 'on'.*is not part of the workflow tree"):
        Run(flow).go()


def test_an_id_can_be_used_again_by_another_kind_only_if_nothing_was_kept_by_it() -> None:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node:
        return Sequence(Step("sequence", lambda: 1))

    with pytest.raises(AuthorError, match="'sequence' is used twice"):
        Run(flow).go()
