"""Random trees: a shape that Hypothesis can shrink, and the nodes that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, assert_never

from hypothesis import strategies as st

from harnesses.echo import Echo
from smithers import Approval, Branch, Command, ForEach, Loop, Node, Parallel, Step, Task
from smithers import Sequence as InOrder

__all__ = ["Fill", "Idle", "Kind", "Shape", "broad_trees", "build", "plain_trees", "trees"]

Kind = Literal[
    "step", "task", "command", "approval", "sequence", "parallel", "branch", "loop", "foreach"
]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A node without its id. `count` is a limit, a number of iterations, or an arm of a branch.

    A `name` is its id wherever an edit moves it; without a name the id follows from its place.
    """

    kind: Kind
    below: tuple[Shape, ...] = ()
    count: int = 0
    on_failure: str = ""
    tolerates: bool = False
    """Whether a sequence, branch or loop has `on_failure="continue"`."""
    stops: bool = False
    """Whether a loop has `stop_if_same`."""
    computes: bool = False
    """Whether its result is a callable."""
    name: str = ""


class Fill(Protocol):
    """What the callables of a tree do."""

    def leaf(self, id: str, shape: Shape) -> Node[Any]: ...

    def test(self, id: str) -> Callable[[], bool]: ...

    def until(self, id: str, body: Sequence[Node[Any]]) -> Callable[[], bool]: ...

    def body(self, id: str, body: Sequence[Node[Any]]) -> Sequence[Node[Any]]: ...

    def items(self, id: str) -> Callable[[], list[str]]: ...

    def result(self, id: str) -> Callable[[], str]: ...

    def same(self, id: str) -> Callable[[], object]: ...


class Idle:
    """Callables that nobody calls: for the plan alone, which knows their answers from the state."""

    def leaf(self, id: str, shape: Shape) -> Node[Any]:
        on_failure: Any = shape.on_failure
        match shape.kind:
            case "approval":
                return Approval(id, ask="May I?")
            case "task":
                return Task(id, agent=Echo(), prompt="Work.", on_failure=on_failure)
            case "command":
                return Command(id, ["true"], on_failure=on_failure)
            case "step":
                return Step(id, lambda: None, on_failure=on_failure)
            case "sequence" | "parallel" | "branch" | "loop" | "foreach":
                raise AssertionError(f"a {shape.kind} is not a leaf")
            case _:
                assert_never(shape.kind)

    def test(self, id: str) -> Callable[[], bool]:
        return lambda: True

    def until(self, id: str, body: Sequence[Node[Any]]) -> Callable[[], bool]:
        return lambda: True

    def body(self, id: str, body: Sequence[Node[Any]]) -> Sequence[Node[Any]]:
        return body

    def items(self, id: str) -> Callable[[], list[str]]:
        return list[str]

    def result(self, id: str) -> Callable[[], str]:
        return str

    def same(self, id: str) -> Callable[[], object]:
        return str


def build(shape: Shape, fill: Fill, id: str = "n", item: str = "") -> Node[Any]:
    """The node of a shape, its ids derived from `id`, or from its name and the item around it."""
    on_failure: Any = shape.on_failure
    tolerated: Any = "continue" if shape.tolerates else "fail"
    limit = shape.count or None
    id = f"{shape.name}{item}" if shape.name else id
    if shape.kind == "foreach":
        return ForEach(
            fill.items(id),
            key=lambda key: key,
            each=lambda key: build(shape.below[0], fill, f"{id}/{key}", f"{item}@{key}"),
            limit=limit,
            allow_empty=True,
            on_failure=on_failure,
            id=id,
        )
    result: Any = fill.result(id) if shape.computes else None
    mine = id if shape.computes else None
    below = [build(one, fill, f"{id}.{place}", item) for place, one in enumerate(shape.below)]
    match shape.kind:
        case "sequence":
            return InOrder(*below, on_failure=tolerated, result=result, id=mine)
        case "parallel":
            return Parallel(*below, limit=limit, on_failure=on_failure, result=result, id=mine)
        case "branch":
            arms = below if len(below) == 2 else [*below, None][:: 1 if shape.count else -1]
            return Branch(fill.test(id), *arms, id=id, on_failure=tolerated, result=result)
        case "loop":
            return Loop(
                *fill.body(id, below),
                until=fill.until(id, below),
                max_iterations=shape.count,
                on_exhausted=on_failure,
                on_failure=tolerated,
                result=result,
                stop_if_same=fill.same(id) if shape.stops else None,
                id=id,
            )
        case "step" | "task" | "command" | "approval":
            return fill.leaf(id, shape)
        case _:
            assert_never(shape.kind)


def _some(*of: str) -> st.SearchStrategy[str]:
    return st.sampled_from(of)


_RARELY = st.sampled_from([False, False, False, True])


def _above(below: st.SearchStrategy[Shape], *, kinds: Sequence[Kind]) -> st.SearchStrategy[Shape]:
    def several(least: int, most: int) -> st.SearchStrategy[tuple[Shape, ...]]:
        return st.lists(below, min_size=least, max_size=most).map(tuple)

    made = {
        "sequence": st.builds(
            Shape,
            kind=st.just("sequence"),
            below=several(0, 3),
            tolerates=_RARELY,
            computes=_RARELY,
        ),
        "parallel": st.builds(
            Shape,
            kind=st.just("parallel"),
            below=several(0, 4),
            count=st.integers(0, 2),
            on_failure=_some("finish", "cancel", "continue"),
            computes=_RARELY,
        ),
        "branch": st.builds(
            Shape,
            kind=st.just("branch"),
            below=several(1, 2),
            count=st.integers(0, 1),
            tolerates=_RARELY,
            computes=_RARELY,
        ),
        "loop": st.builds(
            Shape,
            kind=st.just("loop"),
            below=several(1, 2),
            count=st.integers(1, 3),
            on_failure=_some("finish", "fail"),
            stops=st.booleans(),
            tolerates=_RARELY,
            computes=_RARELY,
        ),
        "foreach": st.builds(
            Shape,
            kind=st.just("foreach"),
            below=several(1, 1),
            count=st.integers(0, 2),
            on_failure=_some("finish", "cancel", "continue"),
        ),
    }
    return st.one_of([made[kind] for kind in kinds])


_CONTAINERS: tuple[Kind, ...] = ("sequence", "parallel", "branch", "loop", "foreach")


def trees(
    leaves: Sequence[Kind] = ("step", "task", "command", "approval"),
) -> st.SearchStrategy[Shape]:
    """Any tree of up to a dozen leaves."""
    leaf = st.builds(
        Shape, kind=st.sampled_from(leaves), on_failure=_some("fail", "fail", "continue")
    )
    return st.recursive(leaf, lambda below: _above(below, kinds=_CONTAINERS), max_leaves=12)


def plain_trees() -> st.SearchStrategy[Shape]:
    """Trees of steps and commands."""
    return trees(("step", "step", "command"))


def broad_trees() -> st.SearchStrategy[Shape]:
    """Trees with several trees side by side or in a row: there is more that can happen at once."""
    groups: tuple[Kind, ...] = ("sequence", "parallel", "parallel", "loop")
    return _above(_above(trees(), kinds=groups), kinds=groups)
