"""Random trees: a shape that Hypothesis can shrink, and the nodes that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol, assert_never

from hypothesis import strategies as st

from harnesses.echo import Echo
from smithers import (
    Approval,
    Branch,
    Command,
    Compensated,
    Context,
    ContinueAsNew,
    ForEach,
    HumanTask,
    Loop,
    Node,
    NoInput,
    Parallel,
    Saga,
    Step,
    Subflow,
    Task,
    Timer,
    Try,
    WaitForEvent,
    workflow,
)
from smithers import Sequence as InOrder

__all__ = [
    "Fill",
    "Idle",
    "Kind",
    "Shape",
    "broad_trees",
    "build",
    "plain_trees",
    "saga_trees",
    "trees",
]

Kind = Literal[
    "step",
    "task",
    "command",
    "approval",
    "human",
    "timer",
    "subflow",
    "continue_as_new",
    "wait_for_event",
    "sequence",
    "parallel",
    "branch",
    "loop",
    "foreach",
    "try",
    "saga",
    "compensated",
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
    effect: bool = False
    """Whether a step has an effect, so that it asks before it is repeated."""
    stops: bool = False
    """Whether a loop has `stop_if_same`."""
    computes: bool = False
    """Whether its result is a callable."""
    parts: int = 0
    """How many of the last children of a sequence are given by its `then`."""
    name: str = ""
    pool: str | None = None
    priority: int = 0


class Fill(Protocol):
    """What the callables of a tree do."""

    def leaf(self, id: str, shape: Shape) -> Node[Any]: ...

    def test(self, id: str) -> Callable[[], bool]: ...

    def until(self, id: str, body: Sequence[Node[Any]]) -> Callable[[], bool]: ...

    def body(self, id: str, body: Sequence[Node[Any]]) -> Sequence[Node[Any]]: ...

    def items(self, id: str) -> Callable[[], list[str]]: ...

    def result(self, id: str) -> Callable[[], str]: ...

    def same(self, id: str) -> Callable[[], object]: ...


@workflow
def INNER(ctx: Context[NoInput]) -> Node[int]:
    """What subflows run."""
    return Step("inner", lambda: 1)


class Idle:
    """Callables that nobody calls: for the plan alone, which knows their answers from the state."""

    def leaf(self, id: str, shape: Shape) -> Node[Any]:  # noqa: C901  # one case a kind
        on_failure: Any = shape.on_failure
        queue: Any = {"pool": shape.pool, "priority": shape.priority}
        match shape.kind:
            case "approval":
                return Approval(id, ask="May I?")
            case "human":
                return HumanTask(id, ask="What?")
            case "timer":
                return Timer(id, seconds=3600)
            case "subflow":
                return Subflow(id, INNER, on_failure=on_failure)
            case "continue_as_new":
                return ContinueAsNew(NoInput(), id=id)
            case "wait_for_event":
                return WaitForEvent(id, event="x")
            case "task":
                return Task(id, agent=Echo(), prompt="Work.", on_failure=on_failure, **queue)
            case "command":
                return Command(id, ["true"], on_failure=on_failure, **queue)
            case "step":
                return Step(id, lambda: None, on_failure=on_failure, effect=shape.effect, **queue)
            case "sequence" | "parallel" | "branch" | "loop" | "foreach" | "try":
                raise AssertionError(f"a {shape.kind} is not a leaf")
            case "saga" | "compensated":
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


def build(
    shape: Shape, fill: Fill, id: str = "n", item: str = "", *, saga: bool = False
) -> Node[Any]:
    """The node of a shape, its ids derived from `id`, or from its name and the item around it.

    Where no `saga` is around it that could undo it, an action that is compensated is the action.
    """
    on_failure: Any = shape.on_failure
    tolerated: Any = "continue" if shape.tolerates else "fail"
    limit = shape.count or None
    id = f"{shape.name}{item}" if shape.name else id
    if shape.kind == "foreach":
        return ForEach(
            fill.items(id),
            key=lambda key: key,
            each=lambda key: build(shape.below[0], fill, f"{id}/{key}", f"{item}@{key}", saga=saga),
            limit=limit,
            allow_empty=True,
            on_failure=on_failure,
            id=id,
        )
    inside = saga or shape.kind == "saga"
    result: Any = fill.result(id) if shape.computes else None
    mine = id if shape.computes or shape.parts else None
    made = [
        partial(
            build, one, fill, f"{id}.{place}", item, saga=inside and shape.kind != "compensated"
        )
        for place, one in enumerate(shape.below)
    ]
    known = len(made) - shape.parts if shape.kind == "sequence" else len(made)
    below = [make() for make in made[: max(known, 0)]]
    match shape.kind:
        case "sequence":
            then = partial(_rest, made[len(below) :]) if shape.parts else None
            return InOrder(*below, then=then, on_failure=tolerated, result=result, id=mine)
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
        case "try":
            return _try(shape, fill, id, item, saga=saga)
        case "saga":
            return Saga(*below, on_cancel=on_failure, on_failure=tolerated, result=result, id=id)
        case "compensated":
            action = build(shape.below[0], fill, f"{id}.0", item, saga=saga)
            return Compensated(action, below[1]) if saga else action
        case (
            "step"
            | "task"
            | "command"
            | "approval"
            | "human"
            | "timer"
            | "subflow"
            | "continue_as_new"
            | "wait_for_event"
        ):
            return fill.leaf(id, shape)
        case _:
            assert_never(shape.kind)


def _rest(made: Sequence[Callable[[], Node[Any]]]) -> Node[Any] | None:
    """What a `then` gives: one node after the other, each with a `then` of its own."""
    return InOrder(made[0](), then=partial(_rest, made[1:])) if made else None


def _try(shape: Shape, fill: Fill, id: str, item: str, *, saga: bool) -> Node[Any]:
    """Its parts are named by `on_failure`: a catch that is a node or a function, and a finally."""
    made = iter(
        [
            partial(build, one, fill, f"{id}.{n}", item, saga=saga)
            for n, one in enumerate(shape.below)
        ]
    )
    body, parts = next(made)(), shape.on_failure.split()
    result: Any = fill.result(id) if shape.computes else None
    catch: Any = next(made) if "catch" in parts or "handler" in parts else None
    return Try(
        body,
        catch=(lambda caught: catch()) if "handler" in parts else catch and catch(),
        finally_=next(made)() if "finally" in parts else None,
        result=result,
        on_failure="continue" if shape.tolerates else "fail",
        id=id,
    )


def _some(*of: str) -> st.SearchStrategy[str]:
    return st.sampled_from(of)


_RARELY = st.sampled_from([False, False, False, True])


def _above(
    below: st.SearchStrategy[Shape], *, kinds: Sequence[Kind], tolerant: bool = True
) -> st.SearchStrategy[Shape]:
    rarely = _RARELY if tolerant else st.just(False)
    groups = ("finish", "cancel", "continue") if tolerant else ("finish", "cancel")

    def several(least: int, most: int) -> st.SearchStrategy[tuple[Shape, ...]]:
        return st.lists(below, min_size=least, max_size=most).map(tuple)

    made = {
        "sequence": st.builds(
            Shape,
            kind=st.just("sequence"),
            below=several(0, 3),
            tolerates=rarely,
            computes=rarely,
            parts=st.sampled_from([0, 0, 1, 2, 3]),
        ),
        "parallel": st.builds(
            Shape,
            kind=st.just("parallel"),
            below=several(0, 4),
            count=st.integers(0, 2),
            on_failure=_some(*groups),
            computes=rarely,
        ),
        "branch": st.builds(
            Shape,
            kind=st.just("branch"),
            below=several(1, 2),
            count=st.integers(0, 1),
            tolerates=rarely,
            computes=rarely,
        ),
        "loop": st.builds(
            Shape,
            kind=st.just("loop"),
            below=several(1, 2),
            count=st.integers(1, 3),
            on_failure=_some("finish", "fail"),
            stops=st.booleans() if tolerant else st.just(False),
            tolerates=rarely,
            computes=rarely,
        ),
        "foreach": st.builds(
            Shape,
            kind=st.just("foreach"),
            below=several(1, 1),
            count=st.integers(0, 2),
            on_failure=_some("finish", "cancel", "continue"),
        ),
        "try": st.one_of(
            st.builds(
                Shape,
                kind=st.just("try"),
                below=several(2, 2),
                on_failure=_some("catch", "handler", "finally"),
                tolerates=rarely,
                computes=rarely,
            ),
            st.builds(
                Shape,
                kind=st.just("try"),
                below=several(3, 3),
                on_failure=_some("catch finally", "handler finally"),
                tolerates=rarely,
                computes=rarely,
            ),
        ),
        "saga": st.builds(
            Shape,
            kind=st.just("saga"),
            below=several(1, 3),
            on_failure=_some("undo", "undo", "leave"),
            tolerates=rarely,
            computes=rarely,
        ),
        "compensated": st.builds(Shape, kind=st.just("compensated"), below=several(2, 2)),
    }
    return st.one_of([made[kind] for kind in kinds])


_CONTAINERS: tuple[Kind, ...] = (
    "sequence",
    "parallel",
    "branch",
    "loop",
    "foreach",
    "try",
    "saga",
    "compensated",
)


_QUIET: tuple[Kind, ...] = ("sequence", "parallel", "branch", "loop", "foreach")


def trees(
    leaves: Sequence[Kind] = (
        "step",
        "task",
        "command",
        "approval",
        "human",
        "timer",
        "subflow",
        "wait_for_event",
    ),
    *,
    handling: bool = True,
    effects: bool = False,
    pools: bool = False,
) -> st.SearchStrategy[Shape]:
    """Any tree of up to a dozen leaves. `handling` is whether it may handle failures; with
    `effects` some of its steps have one, and with `pools` many are in the pool `a` or `b`.
    """
    kinds = _CONTAINERS if handling else _QUIET
    more: dict[str, st.SearchStrategy[Any]] = {"effect": _RARELY} if effects else {}
    if pools:
        more |= {"pool": st.sampled_from(["a", "a", "b", None]), "priority": st.integers(0, 2)}
    kind, on_failure = st.sampled_from(leaves), _some("fail", "fail", "continue")
    leaf = st.builds(Shape, kind=kind, on_failure=on_failure, **more)
    return st.recursive(
        leaf, lambda below: _above(below, kinds=kinds, tolerant=handling), max_leaves=12
    )


def plain_trees() -> st.SearchStrategy[Shape]:
    """Trees of steps, commands and child runs."""
    return trees(("step", "step", "command", "subflow"), effects=True)


def saga_trees() -> st.SearchStrategy[Shape]:
    """Sagas in which there is much to undo, alone or beside a step that may fail."""
    leaf = st.builds(
        Shape,
        kind=_some("step", "step", "step", "approval", "human", "timer", "subflow"),
        on_failure=_some("fail"),
        effect=st.booleans(),
    )
    inner = st.one_of(leaf, _above(leaf, kinds=("sequence", "parallel")))
    action = st.builds(
        Shape, kind=st.just("compensated"), below=st.tuples(inner, st.one_of(leaf, inner))
    )
    groups: tuple[Kind, ...] = ("sequence", "parallel", "loop", "foreach", "saga", "try")
    part = st.one_of(action, action, leaf, _above(st.one_of(action, leaf), kinds=groups))
    saga = _above(part, kinds=("saga",))
    return st.one_of(saga, _above(st.one_of(saga, saga, leaf), kinds=("parallel", "sequence")))


def broad_trees(*, pools: bool = False) -> st.SearchStrategy[Shape]:
    """Trees with several trees side by side or in a row: there is more that can happen at once."""
    groups: tuple[Kind, ...] = ("sequence", "parallel", "parallel", "loop", "try", "saga")
    inner = trees(effects=True, pools=pools)
    return _above(_above(inner, kinds=groups), kinds=groups)
