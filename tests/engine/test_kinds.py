"""The closed union of node kinds, what is found by it, and what is exported agree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast, get_args

import pytest

import smithers
from smithers import Flow, NoInput, Run
from smithers.engine.attempts import Executor, Executors
from smithers.engine.mount import mount
from smithers.kinds import (
    ITERATION,
    AnyNode,
    Compensated,
    ContinueAsNew,
    Kind,
    KindName,
    Saga,
    Subflow,
    Try,
    WaitForEvent,
    kind_of,
)
from smithers.kinds.try_ import Handler
from smithers.shapes import CONTAINERS, runs_command, shape_of
from smithers.tree import (
    Approval,
    Branch,
    Chosen,
    Command,
    ForEach,
    Group,
    HumanTask,
    Loop,
    Node,
    Parallel,
    Sequence,
    Step,
    Task,
    Timer,
    Work,
)
from tests.properties import trees
from tests.rules.agents import Scripted

FAILURES = {"parallel": "finish", "foreach": "finish", "try": "catch finally", "saga": "undo"}


async def awaits(run: Run[None]) -> int:
    return await run.step("awaited", lambda: 1)


def nodes() -> Iterator[Node[Any]]:
    """One of each class that authors write."""
    step = Step("step", lambda: 1)
    yield step
    yield Task("task", agent=Scripted("done"), prompt="do it")
    yield Command("command", ["true"])
    yield Approval("approval", ask="may it?")
    yield HumanTask("human", ask="what is it?")
    yield Timer("timer", seconds=1)
    yield Subflow("subflow", trees.INNER)
    yield ContinueAsNew(NoInput())
    yield WaitForEvent("event", event="x")
    yield Sequence(step)
    yield Sequence(then=lambda: step)
    yield Parallel(step)
    yield Branch(lambda: True, step)
    yield Loop(step, until=lambda: True, max_iterations=1)
    yield ForEach([1], key=str, each=lambda n: Step(f"s{n}", lambda: n))
    yield Try(step, catch=Step("catch", lambda: 1), finally_=Step("last", lambda: 1))
    yield Try(step, catch=lambda caught: Step(caught.key, lambda: 1))
    yield Flow("flow", awaits)
    yield Saga(Compensated(step, Step("undo", lambda: 1)))
    yield Compensated(step, Step("undo", lambda: 1))


def parts() -> Iterator[Node[Any]]:
    """The nodes that others are made of, and that no author writes."""
    for node in nodes():
        if isinstance(node, Try | Sequence):
            yield from [one for one in node.children if type(one) not in exported()]
    yield Chosen("chosen", lambda: 1)


def exported() -> set[type]:
    """The classes of nodes that the package exports; `Node` and `Group` are what they share."""
    found: list[Any] = [getattr(smithers, name) for name in smithers.__all__]
    return {
        one
        for one in found
        if isinstance(one, type) and issubclass(one, Node) and one not in (Node, Group)
    }


def test_every_exported_node_has_a_kind_and_every_kind_a_node() -> None:
    made = list(nodes())
    assert {type(node) for node in made} == exported()
    kinds = {kind_of(node).name for node in (*made, *parts())}
    assert kinds | {ITERATION.name} == set(get_args(KindName))


def test_the_union_has_every_class_that_is_exported() -> None:
    union = tuple(getattr(one, "__origin__", one) for one in get_args(AnyNode))
    assert all(issubclass(one, union) for one in exported())
    made = {*exported(), *map(type, parts())}
    assert all(any(issubclass(one, member) for one in made) for member in union)


def test_the_shapes_of_rows_are_those_of_the_kinds() -> None:
    made = [*nodes(), *parts()]
    for node in made:
        is_part = isinstance(node, Compensated)
        definition = mount(Saga(node)).children[0] if is_part else mount(node)
        kind, shape = definition.kind, shape_of(node.kind)
        assert shape.is_container is not kind.is_task
        assert shape.iterates is (kind.loops_below(definition) != definition.loops)
        assert shape.is_ordered is kind.is_ordered
        expands = shape.expands or shape.is_lazy or shape.is_code
        assert expands is (kind.expands and not isinstance(node, Handler))
    assert {*CONTAINERS} == {node.kind for node in made if not kind_of(node).is_task}


def test_every_work_has_an_executor_or_is_asked_of_a_person() -> None:
    executors = Executors(*[cast("Any", None)] * 5)
    tasks = [node for node in nodes() if isinstance(node, Task)]
    assert {type(task.work) for task in tasks} == set(get_args(Work))
    for task in tasks:
        if isinstance(task, Approval | HumanTask | Timer | Subflow | ContinueAsNew | WaitForEvent):
            with pytest.raises(AssertionError, match="kind of the node"):
                executors.of(task.work)
        else:
            assert isinstance(executors.of(task.work), Executor)


def test_random_trees_have_every_kind() -> None:
    """The leaves are tasks of three sorts; an iteration is made by its loop."""
    trees_ = [trees.build(one, trees.Idle()) for one in shapes()]
    made = {one.kind.name for tree in trees_ for one in mount(tree).walk()}
    of_flows = {"flow", "chosen"}  # `test_flows.py` makes random ones
    assert made | {ITERATION.name} | of_flows == set(get_args(KindName))


def shapes() -> Iterator[trees.Shape]:
    leaf = trees.Shape(kind="step", on_failure="fail")
    kind: trees.Kind
    for kind in get_args(trees.Kind):
        below = (leaf,) * {"try": 3, "compensated": 2}.get(kind, 1)
        if kind == "saga":
            below = (trees.Shape(kind="compensated", below=(leaf, leaf)),)
        parts = int(kind == "sequence")
        yield trees.Shape(
            kind=kind, below=below, parts=parts, count=1, on_failure=FAILURES.get(kind, "fail")
        )


def test_something_else_is_of_no_kind() -> None:
    with pytest.raises(AssertionError):
        kind_of(Node())


def test_kinds_keep_nothing() -> None:
    """What a kind decides is a function of rows and of the instance that it is given."""
    for kind in (*map(kind_of, (*nodes(), *parts())), ITERATION):
        assert isinstance(kind, Kind)
        assert vars(kind) == {}


def test_the_one_kind_that_runs_a_command_is_known_by_its_name() -> None:
    assert [kind for kind in get_args(KindName) if runs_command(kind)] == [smithers.Command.kind]
