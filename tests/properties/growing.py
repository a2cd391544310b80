"""Workflows whose structure reads what has finished, and changes by it, at random.

A read that is answered applies an edit to the tree: the function of the workflow, or that of an
item, gives another tree in the next render.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args
from zlib import crc32

from hypothesis import strategies as st

from smithers import (
    Attempt,
    Branch,
    Context,
    Flow,
    ForEach,
    Node,
    NoInput,
    Parallel,
    Run,
    Step,
    Workflow,
    workflow,
)
from smithers import Sequence as InOrder
from tests.properties.edits import Edit, EditKind, How, edited, named
from tests.properties.fates import Fates, Working
from tests.properties.trees import Kind, Shape, build, trees

__all__ = [
    "FANS",
    "GROWTHS",
    "Fan",
    "Growth",
    "flow_of_fan",
    "flow_of_shape",
    "grown",
]


@dataclass(frozen=True)
class Growth:
    """Once the leaf of this number has finished, the tree is edited."""

    watched: int
    edit: Edit


_HOWS: tuple[How, ...] = ("insert", "remove", "wrap", "guard")
"""Without a move: a node that is moved into a loop has not finished there, and is moved back."""

GROWTHS = st.lists(
    st.builds(
        Growth,
        watched=st.sampled_from([0, 0, 0, 1, 2, 3, 4, 5]),
        edit=st.builds(
            Edit,
            how=st.sampled_from(_HOWS),
            where=st.integers(0, 30),
            to=st.integers(0, 30),
            kind=st.sampled_from(get_args(EditKind)),
            on_failure=st.sampled_from(["fail", "continue"]),
        ),
    ),
    min_size=1,
    max_size=4,
)


def grown(shape: Shape, growths: Sequence[Growth], is_there: Callable[[str], bool]) -> Shape:
    """The tree for what `is_there` says of ids; `shape` has names."""
    leaves = list(_leaves(shape))
    for number, growth in enumerate(growths):
        if is_there(leaves[growth.watched % len(leaves)]):
            shape = edited(shape, growth.edit, f"g{number}")
    return shape


def _leaves(shape: Shape, item: str = "") -> Iterator[str]:
    """The ids of its steps outside of loops, and of those in one item of its fan-outs."""
    if not shape.below and shape.kind in (
        "step",
        "task",
        "command",
        "approval",
        "human",
        "timer",
        "subflow",
        "wait_for_event",
    ):
        yield f"{shape.name}{item}"
    for one in shape.below if shape.kind != "loop" else ():
        yield from _leaves(one, f"{item}@a" if shape.kind == "foreach" else item)


def flow_of_shape(shape: Shape, growths: Sequence[Growth], fates: Fates) -> Workflow[NoInput, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        now = grown(shape, growths, lambda id: ctx.get(id, str) is not None)
        return build(now, Unhurried(ctx, fates))

    return flow


def growing_trees() -> st.SearchStrategy[Shape]:
    """Trees with steps to read beside rows and loops that are under way when they end; each of the
    nodes has a name.
    """
    step = st.builds(Shape, kind=st.just("step"), on_failure=st.just("fail"))
    part = st.one_of(step, _group("parallel", step, 1, 2), trees(("step",), handling=False))
    row = st.one_of(_group("sequence", part, 2, 4), _group("loop", part, 1, 2))
    rows = st.lists(row, min_size=1, max_size=2).map(tuple)
    beside = st.tuples(step, rows).map(lambda pair: (pair[0], *pair[1]))
    return st.builds(Shape, kind=st.just("parallel"), below=beside, on_failure=_FINISH).map(named)


_FINISH = st.just("finish")


def _group(
    kind: Kind, below: st.SearchStrategy[Shape], least: int, most: int
) -> st.SearchStrategy[Shape]:
    count = st.just(3 if kind == "loop" else 0)
    several = st.lists(below, min_size=least, max_size=most).map(tuple)
    return st.builds(Shape, kind=st.just(kind), below=several, count=count, on_failure=_FINISH)


class Unhurried(Working):
    """Steps take a few turns of the loop of events, each its own number."""

    def leaf(self, id: str, shape: Shape) -> Node[Any]:
        turns = crc32(f"{self.fates.seed} turns {id}".encode()) % 12

        async def work(attempt: Attempt) -> str:
            for _ in range(turns):
                await asyncio.sleep(0)
            if self.fates.fails(attempt.key.partition("/")[2]):
                raise RuntimeError("this one was meant to fail")
            return id

        on_failure: Any = shape.on_failure
        return Step(id, work, on_failure=on_failure)


# -- items that read


Target = Literal["own", "previous", "next", "outside"]
What = Literal["step", "branch", "gone", "wrap", "before", "flow"]


@dataclass(frozen=True)
class Fan:
    """A fan-out whose `each` reads; `reads` are what is read, and what changes by it."""

    count: int
    reads: tuple[tuple[Target, What], ...]
    root_reads: bool
    limit: int | None

    def ids(self, item: int) -> list[str]:
        """What an item reads."""
        return [
            f"flow{number} {item}" if what == "flow" else self._id(target, item)
            for number, (target, what) in enumerate(self.reads)
        ]

    def _id(self, target: Target, item: int) -> str:
        if target == "outside":
            return "outside"
        last = self.count - 1
        others = {"own": item, "previous": max(item - 1, 0), "next": min(item + 1, last)}
        if self.limit is not None and target == "next":
            return f"own {item}"  # it may have no slot before this item has ended
        return f"own {others[target]}"


FANS = st.builds(
    Fan,
    count=st.integers(1, 4),
    reads=st.lists(
        st.tuples(st.sampled_from(get_args(Target)), st.sampled_from(get_args(What))),
        min_size=1,
        max_size=3,
    ).map(tuple),
    root_reads=st.booleans(),
    limit=st.sampled_from([None, None, 1, 2]),
)


def _step(id: str) -> Step[str]:
    async def work() -> str:
        return id

    return Step(id, work)


def _flow(id: str) -> Flow[None]:
    async def body(run: Run[None]) -> None:
        await run.node(_step(id))

    return Flow(f"{id} flow", body)


def flow_of_fan(fan: Fan) -> Workflow[NoInput, Any]:
    @workflow
    def flow(ctx: Context[NoInput]) -> Node[Any]:
        def each(item: int) -> Node[Any]:
            async def hold() -> str:
                before = [id for id in fan.ids(item) if not id.startswith("flow")]
                return "".join(str(ctx.get(id, str)) for id in before)

            nodes: list[Node[Any]] = [Step(f"hold {item}", hold)]
            for number, ((_, what), id) in enumerate(zip(fan.reads, fan.ids(item), strict=True)):
                _change(nodes, what, f"{what}{number} {item}", ctx.get(id, str) is not None)
            return InOrder(_step(f"own {item}"), *nodes)

        outside = _step("outside")
        more = _step("more") if fan.root_reads and ctx.get(outside) is not None else None
        every = ForEach(range(fan.count), key=str, each=each, limit=fan.limit, id="fan")
        return Parallel(outside, every, more)

    return flow


def _change(nodes: list[Node[Any]], what: What, id: str, seen: bool) -> None:
    """Change what comes after an item's own step, by what was read."""
    match what:
        case "step" if seen:
            nodes.append(_step(id))
        case "branch" if seen:
            nodes.append(Branch(lambda: True, _step(id), id=f"{id} branch"))
        case "gone" if not seen:
            nodes.append(_step(id))
        case "wrap" if seen:
            nodes[0] = InOrder(nodes[0])
        case "before" if seen:
            nodes.insert(0, _step(id))
        case "flow":  # its call is read, and each render makes it again
            nodes.append(_flow(id))
        case _:
            pass
